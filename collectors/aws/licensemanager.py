"""AWS License Manager: licences that are counted, and how many are used."""

from __future__ import annotations

from annexlog.collectors import Call, ResourceType

__all__ = ["license_configuration"]

license_configuration = ResourceType(
    "aws.licensemanager.license_configuration", facet="license", id="{license.LicenseConfigurationArn}",
    # Configurations that other accounts share with this one are listed too; they are judged where they live.
    home="{license.OwnerAccountId}",
    listed=Call("license-manager:ListLicenseConfigurations", "list_license_configurations", items="LicenseConfigurations"),
    ignore=("license.AutomatedDiscoveryInformation",),
)
