"""What a machine that is slow, or has other things to do, may take beside what the product promises."""

# Less than any deadline of the product, so that one of them is still told from an answer that was only late.
SPARE_S = 6.0
