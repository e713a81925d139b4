"""What a benchmark is told."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Optional

if TYPE_CHECKING:
    import torch

BENCHMARKS = (
    'pretrain',
    'generate',
    'finetune',
    'detect',
    'segment',
    'tokenize',
    'load-data',
    'start-up',
)
SUITES = ('gpu', 'toy')
PLAIN, PLAIN_AMP, VITSAM, TORCHVISION = 'plain', 'plain-amp', 'vitsam', 'torchvision'
AGAINST = (PLAIN, PLAIN_AMP, VITSAM, TORCHVISION)
PRECISIONS = ('fp32', 'bf16', 'auto')


@dataclass(frozen=True)
class Settings:
    """Settings of a benchmark.

    Attributes:
        config (str): Configuration whose model and data are measured.
        device (str): 'cpu', 'cuda', 'cuda:1'. Defaults to 'cpu'.
        batch (int): Items per call. Defaults to 2.
        precision (str): Of our variant: 'fp32', 'bf16', or 'auto', which is one of them, depending
            on device and network. Defaults to 'fp32'.
        compile (bool): Compile the networks of our variant. Defaults to False.
        against (str, optional): What to compare with. Defaults to None: ours alone.
        rounds (int): Timed calls. Defaults to 5.
        warmup (int): Calls before these. Defaults to 1.
        limit_s (float, optional): Seconds after which no new round begins. Defaults to None.
        steps (int, optional): Steps of generation. Defaults to None: as configured.
        size (int, optional): Side of the images in pixels, for backbones. Defaults to None: as
            configured.
        cfg_options (Mapping): Settings of the configuration to override. Defaults to none.
    """

    config: str
    device: str = 'cpu'
    batch: int = 2
    precision: str = 'fp32'
    compile: bool = False
    against: Optional[str] = None
    rounds: int = 5
    warmup: int = 1
    limit_s: Optional[float] = None
    steps: Optional[int] = None
    size: Optional[int] = None
    cfg_options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def torch_device(self) -> 'torch.device':
        """The device."""
        import torch

        return torch.device(self.device)

    def as_dict(self) -> dict[str, Any]:
        """For a JSON file."""
        return asdict(self)
