"""Networks that differ in their seed alone, trained one after the other, and what they tell together."""
