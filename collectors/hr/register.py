"""The HR register: who works here, from when to when, and by what their accounts are known."""

from annexlog.collectors import Call, ResourceType

person = ResourceType(
    "hr.person",
    facet="person",
    id="{person.person}",
    per="register",
    listed=Call("read", "file", items=""),
    redact={"person.keys[]": "key:"},
)
