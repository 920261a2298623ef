"""The tables; entries by hand, because Django has no words for PARTITION BY."""

import django.core.validators
import django.db.models.deletion
import uuid
from django.db import migrations, models

# The first column of each index is the collection: a feed is read one collection at a time.
# entry_by_version holds another form of `version`, so that the planner never takes it to look up an
# id and version: thousands of objects may share a version, and a young table has no statistics.
ENTRIES = """
CREATE TABLE indicators_entry (
    collection_id uuid NOT NULL REFERENCES indicators_collection (id),
    seq bigint NOT NULL CHECK (seq >= 0),
    date_added timestamptz NOT NULL,
    object_version_id bigint NOT NULL REFERENCES indicators_objectversion (id),
    stix_id varchar(300) NOT NULL,
    type varchar(250) NOT NULL,
    version timestamptz NOT NULL,
    is_first boolean NOT NULL,
    is_latest boolean NOT NULL,
    PRIMARY KEY (collection_id, seq)
) PARTITION BY HASH (collection_id);

CREATE UNIQUE INDEX entry_by_date ON indicators_entry (collection_id, date_added);
CREATE UNIQUE INDEX entry_by_object ON indicators_entry (collection_id, stix_id, version);
CREATE INDEX entry_by_type ON indicators_entry (collection_id, type, is_latest, is_first, seq);
CREATE INDEX entry_by_version ON indicators_entry (collection_id, (version AT TIME ZONE 'UTC'), seq);
CREATE INDEX entry_latest ON indicators_entry (collection_id, seq) WHERE is_latest;
CREATE INDEX entry_first ON indicators_entry (collection_id, seq) WHERE is_first;
"""
PARTITIONS = "".join(
    f"CREATE TABLE indicators_entry_{n} PARTITION OF indicators_entry"
    f" FOR VALUES WITH (MODULUS 8, REMAINDER {n});\n"
    for n in range(8)
)

# Kept pages are compressed already, and bodies are read whole and often: no second compression.
STORAGE = """
ALTER TABLE indicators_keptpage ALTER COLUMN zstd SET STORAGE EXTERNAL;
ALTER TABLE indicators_keptpage ALTER COLUMN gzip SET STORAGE EXTERNAL;
"""

# Whoever saves a collection that was read earlier would write an old count: it stays instead, or a
# page made before a rewrite could be kept after it.
REWRITES = """
CREATE FUNCTION indicators_rewrites_never_go_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.rewrites := OLD.rewrites;
    RETURN NEW;
END $$;
CREATE TRIGGER rewrites_never_go_back BEFORE UPDATE ON indicators_collection
FOR EACH ROW WHEN (NEW.rewrites < OLD.rewrites)
EXECUTE FUNCTION indicators_rewrites_never_go_back();
"""
NO_REWRITES = """
DROP TRIGGER rewrites_never_go_back ON indicators_collection;
DROP FUNCTION indicators_rewrites_never_go_back();
"""

class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Collection',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('title', models.CharField(max_length=200)),
                ('description', models.TextField(blank=True)),
                ('alias', models.CharField(blank=True, max_length=64, null=True, unique=True, validators=[django.core.validators.RegexValidator('^[a-z0-9][a-z0-9-]{0,63}$', 'Lower-case letters, digits, -.')])),
                ('audience', models.CharField(choices=[('public', 'Anyone (TLP:CLEAR)'), ('community', 'The wider community (up to TLP:GREEN)'), ('members', 'All member organizations (up to TLP:AMBER+STRICT)'), ('labs', 'Member labs (up to TLP:AMBER+STRICT)'), ('clouds', 'Member cloud providers (up to TLP:AMBER+STRICT)'), ('named', 'Only the members named by a grant (up to TLP:RED)')], default='members', max_length=16)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('rewrites', models.BigIntegerField(default=0, editable=False)),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='Member',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=200, unique=True)),
                ('identity_id', models.CharField(help_text='The identity object that names this organization in created_by_ref.', max_length=64, unique=True, verbose_name='STIX identity')),
                ('sector', models.CharField(choices=[('lab', 'AI lab'), ('cloud', 'Cloud provider'), ('hub', 'Hub'), ('authority', 'Authority')], default='lab', max_length=16)),
                ('state', models.CharField(choices=[('invited', 'Invited'), ('active', 'Active'), ('suspended', 'Suspended'), ('left', 'Left')], default='active', max_length=16)),
                ('is_self', models.BooleanField(default=False, editable=False, verbose_name="this node's organization")),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['name'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('is_self', True)), fields=('is_self',), name='one_member_is_this_node')],
            },
        ),
        migrations.CreateModel(
            name='ObjectId',
            fields=[
                ('id', models.CharField(max_length=300, primary_key=True, serialize=False)),
                ('owner', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, to='indicators.member')),
            ],
        ),
        migrations.CreateModel(
            name='ObjectVersion',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('stix_id', models.CharField(max_length=300)),
                ('type', models.CharField(max_length=250)),
                ('version', models.DateTimeField()),
                ('created_by_ref', models.CharField(max_length=64, null=True)),
                ('tlp', models.SmallIntegerField(choices=[(0, 'TLP:CLEAR'), (1, 'TLP:GREEN'), (2, 'TLP:AMBER'), (3, 'TLP:AMBER+STRICT'), (4, 'TLP:RED')], null=True)),
                ('revoked', models.BooleanField()),
                ('sha256', models.BinaryField(max_length=32)),
                ('body', models.BinaryField(null=True)),
                ('received_at', models.DateTimeField()),
                ('erased_at', models.DateTimeField(null=True)),
                ('erased_because', models.TextField(blank=True, db_default='', default='')),
                ('contributor', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, to='indicators.member')),
            ],
        ),
        migrations.CreateModel(
            name='Status',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('requested_at', models.DateTimeField()),
                ('total_count', models.IntegerField()),
                ('success_count', models.IntegerField(default=0)),
                ('failure_count', models.IntegerField(default=0)),
                ('successes', models.BinaryField(default=b'[]')),
                ('failures', models.BinaryField(default=b'[]')),
                ('pendings', models.BinaryField(default=b'[]')),
                ('payload', models.BinaryField(null=True)),
                ('handed_over_at', models.DateTimeField()),
                ('collection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='indicators.collection')),
                ('member', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='indicators.member')),
            ],
        ),
        migrations.CreateModel(
            name='Withdrawal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('seq', models.BigIntegerField()),
                ('withdrawn_at', models.DateTimeField()),
                ('reason', models.TextField()),
                ('collection', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='indicators.collection')),
                ('object_version', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='indicators.objectversion')),
            ],
        ),
        migrations.CreateModel(
            name='KeptPage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('view', models.CharField(choices=[('latest', 'Latest'), ('all', 'All')], max_length=8)),
                ('after_seq', models.BigIntegerField()),
                ('last_seq', models.BigIntegerField()),
                ('entries', models.IntegerField()),
                ('date_added_first', models.DateTimeField()),
                ('date_added_last', models.DateTimeField()),
                ('etag', models.CharField(max_length=32)),
                ('made_with', models.BinaryField(max_length=16)),
                ('zstd', models.BinaryField(null=True)),
                ('gzip', models.BinaryField(null=True)),
                ('collection', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='indicators.collection')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('collection', 'view', 'after_seq'), name='one_page_a_position'), models.UniqueConstraint(fields=('collection', 'view', 'last_seq'), name='one_page_ends_here')],
            },
        ),
        migrations.CreateModel(
            name='Grant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('can_read', models.BooleanField(default=True)),
                ('can_write', models.BooleanField(default=False)),
                ('collection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='grants', to='indicators.collection')),
                ('member', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='grants', to='indicators.member')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('member', 'collection'), name='one_grant_each')],
            },
        ),
        migrations.CreateModel(
            name='Credential',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(help_text='The user name for HTTP Basic; shown in logs.', max_length=100, unique=True)),
                ('key_sha256', models.BinaryField(max_length=32, null=True, unique=True)),
                ('certificate_sha256', models.BinaryField(max_length=32, null=True, unique=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('member', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='credentials', to='indicators.member')),
            ],
            options={
                'ordering': ['name'],
                'constraints': [models.CheckConstraint(condition=models.Q(('key_sha256__isnull', False), ('certificate_sha256__isnull', False), _connector='OR'), name='a_credential_proves_something')],
            },
        ),
        migrations.CreateModel(
            name='Contradiction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stix_id', models.CharField(max_length=300)),
                ('version', models.DateTimeField()),
                ('sha256', models.BinaryField(max_length=32)),
                ('body', models.BinaryField()),
                ('held_sha256', models.BinaryField(max_length=32)),
                ('received_at', models.DateTimeField()),
                ('contributor', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='indicators.member')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('stix_id', 'version', 'sha256'), name='one_row_a_contradiction')],
            },
        ),
        migrations.AddConstraint(
            model_name='objectversion',
            constraint=models.UniqueConstraint(fields=('stix_id', 'version'), name='one_content_a_version'),
        ),
        migrations.AddConstraint(
            model_name='objectversion',
            constraint=models.CheckConstraint(condition=models.Q(('body__isnull', False), ('erased_at__isnull', False), _connector='OR'), name='only_erasure_removes_a_body'),
        ),
        migrations.AddIndex(
            model_name='status',
            index=models.Index(fields=['requested_at'], name='status_by_age'),
        ),
        migrations.AddIndex(
            model_name='status',
            index=models.Index(condition=models.Q(('payload__isnull', False)), fields=['handed_over_at'], name='status_pending'),
        ),
        migrations.AddConstraint(
            model_name='withdrawal',
            constraint=models.UniqueConstraint(fields=('collection', 'seq'), name='one_withdrawal_an_entry'),
        ),
        migrations.AddIndex(
            model_name='objectversion',
            index=models.Index(condition=models.Q(('revoked', True)), fields=['stix_id', 'version'], name='revoked_versions'),
        ),
        migrations.AddIndex(
            model_name='withdrawal',
            index=models.Index(fields=['object_version', 'collection'], name='withdrawal_of_version'),
        ),
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(ENTRIES + PARTITIONS, "DROP TABLE indicators_entry")],
            [
                migrations.CreateModel(
                    name='Entry',
                    fields=[
                        ('pk', models.CompositePrimaryKey('collection_id', 'seq', blank=True, editable=False, primary_key=True, serialize=False)),
                        ('seq', models.BigIntegerField()),
                        ('date_added', models.DateTimeField()),
                        ('stix_id', models.CharField(max_length=300)),
                        ('type', models.CharField(max_length=250)),
                        ('version', models.DateTimeField()),
                        ('is_first', models.BooleanField()),
                        ('is_latest', models.BooleanField()),
                        ('collection', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='indicators.collection')),
                        ('object_version', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='indicators.objectversion')),
                    ],
                ),
            ],
        ),
        migrations.RunSQL(STORAGE, migrations.RunSQL.noop),
        migrations.RunSQL(REWRITES, NO_REWRITES),
    ]
