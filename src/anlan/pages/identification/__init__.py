"""Pages of 辨识与分级: the list, a new identification, one of them with its sums, and its acts."""
