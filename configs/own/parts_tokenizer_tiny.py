# Tokenizer of the tiny models, for some hundred to some thousand pictures of 32 to 64 pixels on a
# CPU. Only defines a variable. All numbers are our own choice, near the quickstart's.
tokenizer = dict(
    type='mmaddp.VQGAN',
    base_channels=16,
    channel_multipliers=(1, 2, 4, 4),
    num_res_blocks=1,
    num_codes=64,
    code_dims=32,
    num_groups=8,
)
