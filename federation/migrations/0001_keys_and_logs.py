"""Keys and logs, and two things Django can't say: how tiles are stored, and what is for ever."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

# Hashes don't compress: trying costs time, and plain storage lets substr() read a part.
PLAIN_STORAGE = """
    ALTER TABLE federation_tile ALTER COLUMN content SET STORAGE EXTERNAL;
"""

# The primary key (log, size) refuses a second root for one size as long as rows stay.
CHECKPOINTS_STAY = """
    CREATE FUNCTION federation_checkpoints_stay() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'a signed checkpoint is for ever: it is neither changed nor deleted';
    END $$;
    CREATE TRIGGER federation_checkpoints_stay
        BEFORE UPDATE OR DELETE ON federation_signedcheckpoint
        FOR EACH ROW EXECUTE FUNCTION federation_checkpoints_stay();
"""


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='NodeKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('purpose', models.TextField(choices=[('log', "checkpoints of this node's logs")])),
                ('public_key', models.BinaryField(max_length=32, unique=True)),
                ('sealed_private', models.BinaryField()),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('retired_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('retired_at', None)), fields=('purpose',), name='one_current_key_for_each_purpose')],
            },
        ),
        migrations.CreateModel(
            name='Log',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('origin', models.TextField(unique=True)),
                ('size', models.BigIntegerField(default=0)),
                ('root', models.BinaryField(max_length=32)),
                ('edge', models.BinaryField(help_text='merkle.CompactRange: all that an append must read')),
                ('last_added', models.DateTimeField(null=True)),
                ('key', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='federation.nodekey')),
            ],
        ),
        migrations.CreateModel(
            name='SignedCheckpoint',
            fields=[
                ('pk', models.CompositePrimaryKey('log_id', 'size', blank=True, editable=False, primary_key=True, serialize=False)),
                ('size', models.BigIntegerField()),
                ('note', models.TextField()),
                ('signed_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('log', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='federation.log')),
            ],
        ),
        migrations.CreateModel(
            name='Tile',
            fields=[
                ('pk', models.CompositePrimaryKey('log_id', 'level', 'index', blank=True, editable=False, primary_key=True, serialize=False)),
                ('level', models.SmallIntegerField()),
                ('index', models.BigIntegerField()),
                ('content', models.BinaryField()),
                ('log', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='federation.log')),
            ],
        ),
        migrations.AddConstraint(
            model_name='log',
            constraint=models.CheckConstraint(condition=models.Q(('size__gte', 0)), name='log_size_not_negative'),
        ),
        migrations.RunSQL(PLAIN_STORAGE, migrations.RunSQL.noop),
        migrations.RunSQL(
            CHECKPOINTS_STAY,
            "DROP TRIGGER federation_checkpoints_stay ON federation_signedcheckpoint;"
            "DROP FUNCTION federation_checkpoints_stay();",
        ),
    ]
