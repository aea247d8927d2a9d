"""What evidence means for ISO/IEC 27001:2022 Annex A. Pure: knows no collector and no store, only the model's words."""

from annexlog.mappings.common import TARGETS, Common
from annexlog.mappings.definitions import Derivation, Example, Join, Test
from annexlog.mappings.derive import derived
from annexlog.mappings.joins import Estate, applies, asked
from annexlog.mappings.judging import Judged, inputs, judge, judge_together
from annexlog.mappings.labels import Label
from annexlog.mappings.loading import Mappings, from_documents, load
from annexlog.mappings.memory import MemoryEvidence, Population
from annexlog.mappings.organization import Applicability, Exemption
from annexlog.mappings.pages import CONTROLS, Control, Link
from annexlog.mappings.states import ControlState, Rule, TestState, control_state, test_state

__all__ = [
    "CONTROLS",
    "TARGETS",
    "Applicability",
    "Common",
    "Control",
    "ControlState",
    "Derivation",
    "Estate",
    "Example",
    "Exemption",
    "Join",
    "Judged",
    "Label",
    "Link",
    "Mappings",
    "MemoryEvidence",
    "Population",
    "Rule",
    "Test",
    "TestState",
    "applies",
    "asked",
    "control_state",
    "derived",
    "from_documents",
    "inputs",
    "judge",
    "judge_together",
    "load",
    "test_state",
]
