"""Training recipes as data: hyper-parameters, schedules, augmentation."""
