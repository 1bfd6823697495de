"""搁置、报备、设计抑制: what keeps alarms from being announced, each with its list, its record and its acts."""
