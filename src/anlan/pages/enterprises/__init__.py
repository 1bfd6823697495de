"""The enterprise pages: the list, and one enterprise with everything that is known of it now.

They stand in the shell and not in `registry`, because they put registry, alarms and warnings side by side.
"""
