"""The tables of an empty database, made at once and not migration by migration.

Playing all migrations one after the other renders the state of every model again and again, which takes most of a
first start. An empty database needs no history of its schema, only the last page of it: the models as the migrations
leave them. A test proves that both ways lead to the same tables, on both databases.
"""

from __future__ import annotations

from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db import connections, router
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder


def make(using: str) -> bool:
    """Makes all tables of the connection ``using`` and records every migration as applied; True when it did.

    Does nothing when the database holds any table already. One transaction: killed half-way, nothing is there and the
    next start begins anew. The caller sees to it that nobody else does the same at this moment.
    """
    connection = connections[using]
    if _own_tables(using):
        return False
    emit_pre_migrate_signal(0, False, using)
    loader = MigrationLoader(None)
    apps = loader.project_state().apps
    recorder = MigrationRecorder(connection)
    with connection.schema_editor() as editor:  # one transaction
        editor.create_model(recorder.Migration)
        for config in apps.get_app_configs():
            for model in router.get_migratable_models(config, using):
                if model._meta.managed and not model._meta.proxy and not model._meta.swapped:
                    editor.create_model(model)
        # all of them, as `migrate` records them: what this connection does not hold is recorded as well
        for app, name in sorted(loader.disk_migrations):
            recorder.migration_qs.create(app=app, name=name)
    emit_post_migrate_signal(0, False, using)
    return True


def _own_tables(using: str) -> list[str]:
    """The names of the tables in the schema that this connection writes to."""
    connection = connections[using]
    if connection.vendor != "postgresql":
        return connection.introspection.table_names()
    with connection.cursor() as cursor:
        # the search path of history ends in "public", whose tables are not its own
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        return [name for (name,) in cursor.fetchall()]
