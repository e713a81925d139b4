# Tokenizer of the small models, for some thousand to some ten thousand pictures of 64 to 128
# pixels on a GPU. Only defines a variable. All numbers are our own choice.
tokenizer = dict(
    type='mmaddp.VQGAN',
    base_channels=32,
    channel_multipliers=(1, 2, 2, 4, 4),
    num_res_blocks=1,
    num_codes=256,
    code_dims=64,
    num_groups=16,
)
