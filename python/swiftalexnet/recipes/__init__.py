"""Training recipes as data: hyperparameters, schedules, augmentation."""
