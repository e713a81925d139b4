"""Names under which trainings keep their checkpoints."""

import re

# Names the newest checkpoint of a folder.
POINTER = 'last_checkpoint'
# Of checkpoints of an epoch or an iteration: which of both, and its number.
STEP = re.compile(r'(epoch|iter)_(\d{1,15})\.pth')
