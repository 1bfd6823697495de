"""报警绩效: how the alarm systems of enterprises perform, against the limits of IEC 62682 as local settings."""
