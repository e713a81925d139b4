"""Generates any number of images from seeds, on any number of processes; resumable at any time."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Optional, Union

import numpy as np
import torch
from mmengine.dist import (
    all_gather_object,
    barrier,
    get_rank,
    get_world_size,
    is_main_process,
)
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.logging import print_log
from mmengine.runner import Runner, TestLoop
from mmpretrain.structures import DataSample
from torch import Tensor
from torch.utils.data import DataLoader

from mmaddp.registry import LOOPS
from mmaddp.utils.images import image_grid, save_png
from mmaddp.utils.precision import resolve_precision
from mmaddp.utils.wrappers import unwrap
from mmaddp.visualization.trajectory import (
    record_trajectory,
    save_animation,
    trajectory_strip,
)

from .image_blocks import ImageBlock, image_blocks
from .image_folder import ImageFolder
from .manifest import describe_run
from .picture_files import PictureFiles
from .precision import inference_precision


@LOOPS.register_module()
class GenerationLoop(TestLoop):
    """Test loop that generates the images of :class:`GenerationSeeds` into a folder.

    The unit of work is a block of ``batch_size`` consecutive image numbers
    (:class:`ImageBlock`); the sampler of the data loader is not used. A process takes whole
    blocks. A folder that holds images of the same settings is continued: blocks whose images are
    all there and intact are kept, the others are regenerated. Metrics see every image once, kept
    ones included, exactly as it is on disk.

    The folder gets ``images/NNNNNN.png``, ``grid.png``, ``manifest.json`` and, if asked for,
    ``trajectories/NNNNNN.png`` and ``.gif``.

    Args:
        runner (Runner): The runner; its model is an :class:`ADDP`.
        dataloader (DataLoader | dict): Data loader of :class:`GenerationSeeds`.
        evaluator (Evaluator | dict | list): Metrics; may be an empty list.
        out_dir (str, optional): Folder of the images. Defaults to ``samples`` in the work
            directory.
        precision (str): 'fp32', 'bf16', 'fp16', or 'auto': bf16 where device and network gain by
            it, else fp32; the manifest says which. Defaults to 'fp32'.
        num_writers (int): Threads that write images while the next block is computed.
            Defaults to 4.
        grid_size (int): Images on ``grid.png``, the first ones; 0 for none. Defaults to 64.
        grid_zoom (int): Pixels of the sheet per pixel of an image, along each side, and of the
            trajectories. Defaults to 1.
        num_trajectories (int): Images whose steps are drawn, the first ones. Defaults to 0.

    Raises:
        ValueError: An argument is out of range, or a metric cannot be used on several processes.
    """

    def __init__(
        self,
        runner: Runner,
        dataloader: Union[DataLoader, dict],
        evaluator: Union[Evaluator, dict, list],
        out_dir: Optional[str] = None,
        precision: str = 'fp32',
        num_writers: int = 4,
        grid_size: int = 64,
        grid_zoom: int = 1,
        num_trajectories: int = 0,
    ):
        super().__init__(runner, dataloader, evaluator)
        for name, value, least in (
            ('num_writers', num_writers, 1),
            ('grid_size', grid_size, 0),
            ('grid_zoom', grid_zoom, 1),
            ('num_trajectories', num_trajectories, 0),
        ):
            if value < least:
                raise ValueError(f'{name} must be at least {least}, got {value}.')
        self.out_dir = Path(out_dir or Path(runner.work_dir) / 'samples')
        device_type = next(self.model.parameters()).device.type
        self.precision = resolve_precision(precision, self.model, device_type)
        self.num_writers = num_writers
        self.grid_size = grid_size
        self.grid_zoom = grid_zoom
        self.num_trajectories = num_trajectories
        self._check_metrics()

    def _check_metrics(self) -> None:
        """Blocks differ from what mmengine expects when it gathers the results of a metric."""
        for metric in self.evaluator.metrics:
            if get_world_size() > 1 and type(metric).evaluate is BaseMetric.evaluate:
                raise ValueError(
                    f'{type(metric).__name__} gathers its results as if images were dealt one by '
                    'one, but a process generates whole blocks: run it in one process, or on the '
                    'folder of images afterwards.'
                )

    @property
    def model(self) -> torch.nn.Module:
        """The model without its distributed wrapper."""
        return unwrap(self.runner.model)

    def run(self) -> dict:
        """Generate what is missing and compute the metrics.

        Returns:
            dict: Scores by name.
        """
        self.runner.call_hook('before_test')
        self.runner.call_hook('before_test_epoch')
        self.runner.model.eval()
        dataset, batch_size = self.dataloader.dataset, self.dataloader.batch_size
        files = PictureFiles(self.model.num_channels, self.model.value_range)
        folder = ImageFolder(self.out_dir, self.num_writers, files)
        try:
            if is_main_process():
                settings = describe_run(self.runner, dataset.seed, batch_size, self.precision)
                folder.prepare(settings, own=[Path(self.runner.work_dir)])
            barrier()
            blocks = image_blocks(dataset.indices, batch_size)
            self._generate(self._keep_whole_blocks(blocks, folder), folder)
            self._draw_trajectories(
                image_blocks(dataset.indices[: self.num_trajectories], batch_size)
            )
            barrier()
            if is_main_process() and self.grid_size:
                self._write_grid(folder, dataset.indices[: self.grid_size])
        finally:
            folder.close()
        metrics = self.evaluator.evaluate(len(dataset))
        self.runner.call_hook('after_test_epoch', metrics=metrics)
        self.runner.call_hook('after_test')
        return metrics

    def _keep_whole_blocks(
        self, blocks: Sequence[ImageBlock], folder: ImageFolder
    ) -> list[ImageBlock]:
        """Check what is there, and distribute the missing blocks among the processes.

        Returns:
            list[ImageBlock]: Those of this process.
        """
        size = tuple(self.model.backbone.img_size)
        missing = []
        for block in blocks[get_rank() :: get_world_size()]:
            images = folder.read(block, size)
            if images is None:
                missing.append(block)
            else:
                self._score(block.wanted, folder.files.shown(_stacked(images)))
        missing = [block for part in all_gather_object(missing) for block in part]
        missing.sort(key=lambda block: block.first)
        kept = len(blocks) - len(missing)
        if kept:
            print_log(f'{folder.images}: {kept} of {len(blocks)} blocks are kept.', 'current')
        return missing[get_rank() :: get_world_size()]

    def _generate(self, blocks: Sequence[ImageBlock], folder: ImageFolder) -> None:
        dataset = self.dataloader.dataset
        device_type = next(self.model.parameters()).device.type
        # So that the log counts up to the number of blocks of a process.
        done = max(len(self.dataloader) - len(blocks), 0)
        with self.model.reuse_start(), inference_precision(self.precision, device_type):
            for number, block in enumerate(blocks, start=done):
                data_batch = dict(data_samples=[dataset.sample(index) for index in block.indices])
                self.run_block(number, block, data_batch, folder)
        folder.wait()

    @torch.no_grad()
    def run_block(
        self, number: int, block: ImageBlock, data_batch: dict, folder: ImageFolder
    ) -> None:
        """Generate, write and score a block.

        Args:
            number (int): Number of the iteration, for the hooks.
            block (ImageBlock): The block.
            data_batch (dict): Holds ``data_samples`` of all its images.
            folder (ImageFolder): Where they go.
        """
        self.runner.call_hook('before_test_iter', batch_idx=number, data_batch=data_batch)
        outputs = self.runner.model.test_step(data_batch)
        images = folder.files.quantize(torch.stack([sample.pred_image for sample in outputs]))
        folder.write(block, images)
        places = [index - block.first for index in block.wanted]
        self._score(block.wanted, folder.files.shown(images[places]))
        self.runner.call_hook(
            'after_test_iter', batch_idx=number, data_batch=data_batch, outputs=outputs
        )

    def _score(self, indices: Sequence[int], images: Tensor) -> None:
        """Show the metrics images (n, 3, H, W), uint8."""
        if not self.evaluator.metrics:
            return
        samples = []
        for index, image in zip(indices, images.float() / 255):
            sample = DataSample(metainfo=dict(sample_idx=index))
            sample.set_field(image, 'pred_image')
            samples.append(sample)
        self.evaluator.process(data_samples=samples, data_batch=dict(data_samples=samples))

    def _write_grid(self, folder: ImageFolder, indices: Sequence[int]) -> None:
        samples = _stacked([folder.files.read(folder.path(index)) for index in indices])
        images = folder.files.shown(samples).float() / 255
        columns = math.ceil(math.sqrt(len(images)))
        save_png(image_grid(images, columns, self.grid_zoom), self.out_dir / 'grid.png')

    def _draw_trajectories(self, blocks: Sequence[ImageBlock]) -> None:
        """Regenerate blocks exactly as before, and draw the steps of their wanted images."""
        dataset, folder = self.dataloader.dataset, self.out_dir / 'trajectories'
        device_type = next(self.model.parameters()).device.type
        for block in blocks[get_rank() :: get_world_size()]:
            seeds = [dataset.sample(index).seed for index in block.indices]
            places = [index - block.first for index in block.wanted]
            with inference_precision(self.precision, device_type):
                trajectory = record_trajectory(self.model, seeds, keep=places)
            for place, index in enumerate(block.wanted):
                save_png(
                    trajectory_strip(trajectory, place, self.grid_zoom), folder / f'{index:06d}.png'
                )
                frames = trajectory.images[:, place]
                save_animation(frames, folder / f'{index:06d}.gif', zoom=self.grid_zoom)


def _stacked(images: Sequence[np.ndarray]) -> Tensor:
    """Samples (H, W, C) of several images as one tensor (n, C, H, W)."""
    return torch.from_numpy(np.stack(images)).movedim(-1, 1)
