# MAGE's network, whose encoder is as large as that of the other arms; ADDP has it as its predictor.
# Only defines a variable.
token_predictor = dict(
    type='mmaddp.MAGEPredictor',
    embed_dims=128,
    num_layers=4,
    num_heads=4,
    decoder_embed_dims=128,
    decoder_num_layers=1,
    decoder_num_heads=4,
    drop_rate=0.0,
    num_class_ids=1,
    table_std=0.12,
)
