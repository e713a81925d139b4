"""Our encoder in the layouts of timm, MAE and detectron2, and Hugging Face transformers."""

from torch import Tensor

from .encoder import Encoder, mae_names
from .widths import part

PRE_NORM = ('keep', 'drop')


def to_timm(encoder: Encoder, pre_norm: str = 'keep') -> tuple[dict[str, Tensor], dict]:
    """Tensors and arguments of the timm ``VisionTransformer`` that gives the same features.

    timm's patch embedding has no bias where there is a norm before the blocks: the bias goes
    into the positions of the patches, which is the same function, also after they are resized.

    Args:
        encoder (Encoder): The encoder, perhaps with a classifier's head.
        pre_norm (str): 'keep' the norm before the blocks, if there is one, or 'drop' it as the
            official fine-tuning does. Defaults to 'keep'.

    Returns:
        tuple: Tensors by timm's name, and arguments of ``timm.models.VisionTransformer``.

    Raises:
        ValueError: ``pre_norm`` is neither.
    """
    if pre_norm not in PRE_NORM:
        raise ValueError(f'pre_norm must be one of {PRE_NORM}, got {pre_norm!r}.')
    keeps_norm = pre_norm == 'keep' and encoder.pre_norm
    tensors = to_mae(encoder)
    tensors |= {f'head.{name}': tensor for name, tensor in encoder.head.items()}
    if keeps_norm:
        norm = part(encoder.tensors, 'pre_norm.')
        tensors |= {f'norm_pre.{name}': tensor for name, tensor in norm.items()}
        tensors['pos_embed'] = tensors['pos_embed'].clone()
        tensors['pos_embed'][:, 1:] += tensors.pop('patch_embed.proj.bias')
    arguments = dict(
        img_size=encoder.img_size,
        patch_size=encoder.patch_size,
        embed_dim=encoder.embed_dims,
        depth=encoder.num_layers,
        num_heads=encoder.num_heads,
        mlp_ratio=encoder.mlp_dims / encoder.embed_dims,
        pre_norm=keeps_norm,
        global_pool='avg' if 'ln2.weight' in encoder.tensors else 'token',
        final_norm=any(name in encoder.tensors for name in ('ln1.weight', 'ln2.weight')),
        num_classes=len(encoder.head.get('bias', ())),
    )
    return tensors, arguments


def to_mae(encoder: Encoder) -> dict[str, Tensor]:
    """Tensors of the encoder under MAE's names, which detectron2's ViTDet reads.

    Neither has a norm before the blocks: it is left out, as in the official fine-tuning.
    """
    return mae_names(encoder.tensors) | _final_norm(encoder)


def to_huggingface(encoder: Encoder) -> tuple[dict[str, Tensor], dict]:
    """Tensors and configuration of transformers' ``ViTModel``, without its pooling layer.

    It has no norm before the blocks: that is left out, as in the official fine-tuning.

    Returns:
        tuple: Tensors by name, and the content of ``config.json``.

    Raises:
        ValueError: The encoder does not end in a norm, so it is a classifier's.
    """
    if 'ln1.weight' not in encoder.tensors:
        raise ValueError(
            'A classifier cannot be written for transformers: its ViT classifies by the class '
            'token, ours by the mean of the patches. Give a pre-training.'
        )
    source = encoder.tensors
    tensors = {
        'embeddings.cls_token': source['cls_token'],
        'embeddings.position_embeddings': source['pos_embed'],
    }
    places = {'patch_embed.projection': 'embeddings.patch_embeddings.projection'}
    places['ln1'] = 'layernorm'
    for index in range(encoder.num_layers):
        places |= _huggingface_layer(f'layers.{index}', f'encoder.layer.{index}')
    for kind in ('weight', 'bias'):
        for ours, theirs in places.items():
            tensors[f'{theirs}.{kind}'] = source[f'{ours}.{kind}']
        for index in range(encoder.num_layers):
            thirds = source[f'layers.{index}.attn.qkv.{kind}'].chunk(3)
            for name, third in zip(('query', 'key', 'value'), thirds):
                tensors[f'encoder.layer.{index}.attention.attention.{name}.{kind}'] = third
    return tensors, _huggingface_config(encoder)


def _huggingface_layer(ours: str, theirs: str) -> dict[str, str]:
    """Our name -> transformers' name for the parts of a layer, except its ``qkv``."""
    return {
        f'{ours}.ln1': f'{theirs}.layernorm_before',
        f'{ours}.ln2': f'{theirs}.layernorm_after',
        f'{ours}.attn.proj': f'{theirs}.attention.output.dense',
        f'{ours}.ffn.layers.0.0': f'{theirs}.intermediate.dense',
        f'{ours}.ffn.layers.1': f'{theirs}.output.dense',
    }


def _final_norm(encoder: Encoder) -> dict[str, Tensor]:
    """The norm after the blocks, or the one after a classifier's mean."""
    norms = {f'norm.{name}': tensor for name, tensor in part(encoder.tensors, 'ln1.').items()}
    pooled = part(encoder.tensors, 'ln2.').items()
    return norms | {f'fc_norm.{name}': tensor for name, tensor in pooled}


def _huggingface_config(encoder: Encoder) -> dict:
    return dict(
        architectures=['ViTModel'],
        model_type='vit',
        hidden_size=encoder.embed_dims,
        num_hidden_layers=encoder.num_layers,
        num_attention_heads=encoder.num_heads,
        intermediate_size=encoder.mlp_dims,
        hidden_act='gelu',
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        layer_norm_eps=1e-6,
        image_size=encoder.img_size,
        patch_size=encoder.patch_size,
        num_channels=3,
        qkv_bias=True,
        torch_dtype='float32',
    )


def huggingface_preprocessor(encoder: Encoder) -> dict:
    """Content of ``preprocessor_config.json``: bicubic resizing, ImageNet's mean and std."""
    return dict(
        image_processor_type='ViTImageProcessor',
        do_resize=True,
        size=dict(height=encoder.img_size, width=encoder.img_size),
        resample=3,
        do_rescale=True,
        rescale_factor=1 / 255,
        do_normalize=True,
        image_mean=[0.485, 0.456, 0.406],
        image_std=[0.229, 0.224, 0.225],
    )
