# Tokenizer of the toys: 32-pixel digits as 4 x 4 tokens of 16 codes. Only defines a variable.
tokenizer = dict(
    type='mmaddp.VQGAN',
    base_channels=8,
    channel_multipliers=(1, 1, 1, 1),
    num_res_blocks=1,
    num_codes=16,
    code_dims=4,
    num_groups=4,
)
