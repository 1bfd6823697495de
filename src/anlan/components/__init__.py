"""Server sides of the shared components: what a list, an export and a page of rows are, for every app alike.

Stands below the apps, so that their views may import it; it must never import one of them.
"""
