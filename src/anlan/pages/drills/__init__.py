"""推演: teaching drills and uploaded ones, run apart from everything real, shown beside what the regulation demands."""
