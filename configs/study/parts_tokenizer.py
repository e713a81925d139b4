# The tokenizer that ADDP and MAGE share: 8 x 8 tokens of 64 codes. Only defines a variable.
vqgan = dict(
    type='mmaddp.VQGAN',
    num_channels=1,
    base_channels=16,
    channel_multipliers=(1, 2, 4),
    num_res_blocks=1,
    num_codes=64,
    code_dims=32,
    num_groups=8,
)
