# The released tokenizer: 256-pixel images to 16 x 16 tokens of 1024 codes. Only defines a variable,
# for the models that contain a tokenizer.
tokenizer = dict(
    type='mmaddp.VQGAN',
    base_channels=128,
    channel_multipliers=(1, 1, 2, 2, 4),
    num_res_blocks=2,
    num_codes=1024,
    code_dims=256,
)
