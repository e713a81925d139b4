# Encoder and decoder of the tiny models: 4 layers, 128 wide. Only defines variables. Tables start
# larger than in the released models, as docs/own_rules.md explains: 0.02 x 768 / 128 = 0.12.
width = 128
arch = dict(embed_dims=width, num_layers=4, num_heads=4, feedforward_channels=4 * width)
decoder = dict(in_channels=width, embed_dims=width, num_layers=1, num_heads=4, table_std=0.12)
pos_std = 0.5
