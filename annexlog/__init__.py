"""Dated, verifiable proof of what technical controls under ISO/IEC 27001:2022 Annex A did and did not do."""

__version__ = "0.1.0"
