"""What happens between training steps; one concern a file."""

from trainers.callbacks.bad_batch import BadBatchGuard, NonFiniteLossError
from trainers.callbacks.checkpointing import Checkpointing
from trainers.callbacks.curves import CurvePicture
from trainers.callbacks.logs import CsvLog, TensorBoardLog
from trainers.callbacks.progress import ProgressBar
from trainers.callbacks.steps import Every, StepCounter
from trainers.callbacks.validation import Validation

__all__ = [
    "BadBatchGuard",
    "Checkpointing",
    "CsvLog",
    "CurvePicture",
    "Every",
    "NonFiniteLossError",
    "ProgressBar",
    "StepCounter",
    "TensorBoardLog",
    "Validation",
]
