"""Every change that mmaddp makes to a host (mmengine, mmcv, mmpretrain, mmseg), in one list.

``import mmaddp`` makes them all, whichever part of it is used afterwards, without importing any of
the hosts: each change waits until the host module that it concerns is imported.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from .import_hook import after_import


@dataclass(frozen=True)
class HostChange:
    """A change to a host.

    Attributes:
        host (str): Module of the host whose import triggers the change.
        module (str): Module of this package whose ``install`` makes it.
        what (str): What is different afterwards, also for other code in the process.
        why (str): What goes wrong without it.
    """

    host: str
    module: str
    what: str
    why: str

    @property
    def install(self) -> Callable[[], None]:
        """Makes the change."""
        return import_module(f'{__name__}.{self.module}').install


CHANGES = (
    HostChange(
        'mmcv',
        'ops_hook',
        'where `mmcv._ext` is missing or does not load, NMS and RoIAlign come from torchvision; '
        'any other compiled operator raises an error that names it',
        'mmdet cannot be imported without compiled operators',
    ),
    HostChange(
        'mmcv',
        'mmdet_later',
        "mmpretrain does not import mmdet: its `ResLayerExtraNorm`, a layer for mmdet's models, is "
        'None until `mmdet.models` is imported',
        'every command would load mmdet, scikit-learn, SciPy and matplotlib, a third of the time '
        'of all imports',
    ),
    HostChange(
        'mmcv.image',
        'whole_arrays',
        '`mmcv.imresize` copies a part of an array before it hands it on; the pixels are the same',
        'Pillow takes seven times as long to read an array with gaps, which every crop is',
    ),
    HostChange(
        'mmcv.image',
        'counted_histograms',
        '`mmcv.imequalize`, `auto_contrast` and `adjust_contrast` count the values of 8-bit '
        'pictures; the pixels are the same',
        '`np.histogram` takes ten times as long, a tenth of the time of a fine-tuning pipeline',
    ),
    HostChange(
        'mmengine.logging',
        'quiet_console',
        'the console leaves out messages for debugging, and the environment, configuration and '
        'hooks of a run that are in its log file; a log file on a full disk is reported once',
        'what matters begins after 500 lines; remarks on what cannot be imported head every '
        'command; logging prints a call stack for every line that cannot be written',
    ),
    HostChange(
        'mmengine.config',
        'package_table',
        '`mmaddp::` and `mmseg::` resolve in `_base_`',
        'mmengine knows the packages of a built-in table only, and the forks have another name '
        'for mmseg',
    ),
    HostChange(
        'mmengine.config',
        'config_scope',
        'what is inherited from `mmaddp::` is built in the scope of the host',
        'host classes would be looked up among ours and not be found',
    ),
    HostChange(
        'mmengine.config',
        'formatted_once',
        'the text of a configuration is formatted once, and again when something in it has changed',
        'mmengine formats the same text for the log, for the file in the work folder and for each '
        'checkpoint',
    ),
    HostChange(
        'mmengine.fileio',
        'local_files',
        'files that mmengine writes are complete, or what they were before',
        'a kill or a full disk leaves half a checkpoint',
    ),
    HostChange(
        'mmengine.visualization',
        'figure_later',
        '`Visualizer` makes its figure when something is drawn on it',
        'every run would import matplotlib, also those that draw nothing',
    ),
    HostChange(
        'mmengine.runner',
        'checkpoint_loaders',
        'checkpoints are read weights-only, by every loader of mmengine, and without the '
        'configurations in them; `mmaddp://NAME` and official files are understood',
        'reading a foreign checkpoint could run code: a pickle does, and mmengine executes the '
        'text of a configuration',
    ),
    HostChange(
        'mmengine.runner',
        'resume',
        '`Runner.resume` takes known entries of known kinds and ranges from a checkpoint, or '
        'raises; the newest sound checkpoint of a folder is found without `last_checkpoint` too',
        'a checkpoint could name files that a run deletes, and a run without its pointer began '
        'from random weights over what was there',
    ),
    HostChange(
        'mmengine.model',
        'host_pretrained',
        "`init_cfg=dict(type='Pretrained')` fills the whole module or raises",
        'mmengine leaves gaps at random values, with a warning',
    ),
    HostChange(
        'mmengine.hub',
        'hub_scope',
        "`mmengine.hub.get_model('mmaddp::...')` builds in the scope that the configuration names",
        'mmengine builds in the scope of the package, where classes of the hosts are not found',
    ),
    HostChange(
        'mmseg.models',
        'slide_inference',
        '`slide_inference` adds the logits of a window to its part of the image; '
        '`test_cfg.windows_per_batch` windows go through the network together, by default one; the '
        'values are the same',
        'for each window, mmseg makes an image of zeros in the size of the whole, for all classes',
    ),
)
"""In the order in which the hosts are imported."""


def install() -> None:
    """Make every change as soon as its host is imported."""
    for change in CHANGES:
        # The property is looked up later, so that nothing is imported before its host.
        after_import(change.host, lambda change=change: change.install())
