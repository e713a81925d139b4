# Tokenizer of the quickstart: 32-pixel digits as 4 x 4 tokens of 32 codes. Only defines a variable.
# So few codes lose 0.7 dB compared with 128, but make the tokens far easier to predict.
tokenizer = dict(
    type='mmaddp.VQGAN',
    base_channels=16,
    channel_multipliers=(1, 2, 4, 4),
    num_res_blocks=1,
    num_codes=32,
    code_dims=32,
    num_groups=8,
)
