# Mean and standard deviation of the pixels of Fashion-MNIST with its margin, in [0, 1]. Only
# defines variables.
pixel_mean, pixel_std = 0.217, 0.329
