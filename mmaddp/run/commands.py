"""The sub-commands of ``mmaddp``: which tool each of them runs."""

import re
import sys
from typing import NamedTuple

PROGRAM = 'mmaddp'
_NAMED_TOOL = re.compile(r'(?<![\w/.])(?:python )?tools/([\w/]+\.py)')


class Command(NamedTuple):
    """A sub-command.

    Attributes:
        tool (str): File below ``tools/`` that holds its options and what it does.
        summary (str): One line on what it does.
    """

    tool: str
    summary: str


COMMANDS = {
    'pretrain': Command('pretrain.py', 'from a folder of pictures to a model and a report'),
    'finetune': Command('finetune.py', 'from labelled pictures to a model and a report'),
    'train': Command('train.py', 'train a config'),
    'test': Command('test.py', 'test a checkpoint with the data and metrics of its config'),
    'generate': Command('generate.py', 'generate images'),
    'edit': Command('edit.py', 'redraw, extend or vary pictures'),
    'web': Command('web.py', 'a page to play with models in a browser'),
    'score': Command('analysis_tools/eval_generation.py', 'FID, IS, KID, precision and recall'),
    'features': Command('analysis_tools/extract_features.py', 'features of a folder of pictures'),
    'browse': Command('analysis_tools/browse_dataset.py', 'draw what augmentation feeds a network'),
    'visualize': Command('analysis_tools/visualize_addp.py', 'draw what pre-training sees'),
    'cache-tokens': Command('dataset_converters/cache_tokens.py', 'encode a training set once'),
    'export': Command(
        'model_converters/export.py', 'write a model for ONNX Runtime, OpenVINO or PyTorch alone'
    ),
    'runs': Command('analysis_tools/runs.py', 'trainings of a folder, compared and drawn'),
    'models': Command('analysis_tools/list_models.py', 'released weights and configs'),
    'download': Command('download_weights.py', 'download released weights'),
    'config': Command(
        'analysis_tools/print_config.py', 'a config with all that it inherits, or how two differ'
    ),
    'analyze parts': Command(
        'analysis_tools/count_parts.py', 'parameters and operations, part by part'
    ),
    'analyze schedule': Command(
        'analysis_tools/draw_schedule.py', 'learning rates of a config, without training'
    ),
    'analyze loss': Command(
        'analysis_tools/loss_by_mask_ratio.py', 'loss against the share of masked tokens'
    ),
    'analyze codes': Command(
        'analysis_tools/token_confusion.py', 'which codes are predicted for which'
    ),
    'analyze attention': Command('analysis_tools/attention_maps.py', 'what the encoder looks at'),
    'analyze patches': Command('analysis_tools/patch_colours.py', 'features of patches as colours'),
    'crash-test': Command(
        'analysis_tools/crash_test.py', 'kill trainings, resume them, compare where they end'
    ),
    'benchmark': Command(
        'analysis_tools/benchmark.py', 'speed and memory, against what the official code does'
    ),
    'doctor': Command('analysis_tools/doctor.py', 'versions, devices and what is missing'),
    'convert from-official': Command(
        'model_converters/official_to_mmaddp.py', 'read a checkpoint of the official code'
    ),
    'convert to-official': Command(
        'model_converters/mmaddp_to_official.py', 'write a checkpoint for the official code'
    ),
    'convert to-safetensors': Command(
        'model_converters/mmaddp_to_safetensors.py', 'write the weights of a checkpoint alone'
    ),
    'convert to-timm': Command('model_converters/mmaddp_to_timm.py', 'write an encoder for timm'),
    'convert to-detectron2': Command(
        'model_converters/mmaddp_to_detectron2.py', 'write an encoder for detectron2'
    ),
    'convert to-huggingface': Command(
        'model_converters/mmaddp_to_huggingface.py', 'write an encoder for transformers'
    ),
    'prepare digits': Command(
        'dataset_converters/prepare_digits.py', 'data sets of digits, without a download'
    ),
    'prepare pictures': Command(
        'dataset_converters/prepare_pictures.py', 'class folders to try pre-training with'
    ),
    'prepare imagenet-val': Command(
        'dataset_converters/prepare_imagenet_val.py', 'reference images for FID on ImageNet'
    ),
    'check-parity': Command(
        'analysis_tools/check_parity.py', 'compare with numbers of the official code'
    ),
}
"""By name; of two words where several belong together."""


def as_typed(text: str) -> str:
    """Name tools in a text as the user calls them: by sub-command, where one was typed."""
    if not sys.argv[0].startswith(f'{PROGRAM} '):
        return text
    names = {command.tool: name for name, command in COMMANDS.items()}

    def replace(match: re.Match) -> str:
        return f'{PROGRAM} {names[match[1]]}' if match[1] in names else match[0]

    return _NAMED_TOOL.sub(replace, text)
