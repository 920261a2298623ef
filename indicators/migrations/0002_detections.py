"""Detections, drafts and tokens; the token tables by hand, as Django can't say PARTITION BY."""

import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import indicators.models.credential
import uuid
from django.conf import settings
from django.db import migrations, models

# Looked up by token, in batches, by hash: the primary key begins with it, and so does its partition.
DETECTED_TOKENS = """
CREATE TABLE indicators_detectedtoken (
    token bytea NOT NULL,
    account_id bigint NOT NULL,
    detection_id bigint NOT NULL,
    kind smallint NOT NULL,
    PRIMARY KEY (token, account_id)
) PARTITION BY HASH (token);
CREATE INDEX detected_tokens_of_detection ON indicators_detectedtoken (detection_id);
""" + "".join(
    f"CREATE TABLE indicators_detectedtoken_{n} PARTITION OF indicators_detectedtoken"
    f" FOR VALUES WITH (MODULUS 16, REMAINDER {n});\n"
    for n in range(16)
)
INDEXED_TOKENS = """
CREATE TABLE indicators_indexedtoken (
    token bytea NOT NULL,
    stix_id varchar(300) NOT NULL,
    PRIMARY KEY (token, stix_id)
) PARTITION BY HASH (token);
CREATE INDEX indexed_tokens_of_indicator ON indicators_indexedtoken (stix_id);
""" + "".join(
    f"CREATE TABLE indicators_indexedtoken_{n} PARTITION OF indicators_indexedtoken"
    f" FOR VALUES WITH (MODULUS 16, REMAINDER {n});\n"
    for n in range(16)
)

APPEND_ONLY = """
CREATE FUNCTION indicators_audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END $$;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE ON indicators_auditevent
FOR EACH STATEMENT EXECUTE FUNCTION indicators_audit_is_append_only();
"""
NOT_APPEND_ONLY = """
DROP TRIGGER audit_is_append_only ON indicators_auditevent;
DROP FUNCTION indicators_audit_is_append_only();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('indicators', '0001_objects_and_feed'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(INDEXED_TOKENS, "DROP TABLE indicators_indexedtoken")],
            [
                migrations.CreateModel(
                    name='IndexedToken',
                    fields=[
                        ('pk', models.CompositePrimaryKey('token', 'stix_id', blank=True, editable=False, primary_key=True, serialize=False)),
                        ('token', models.BinaryField(max_length=21)),
                        ('stix_id', models.CharField(max_length=300)),
                    ],
                ),
            ],
        ),
        migrations.AddField(
            model_name='credential',
            name='must_sign',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='credential',
            name='public_key',
            field=models.BinaryField(max_length=32, null=True),
        ),
        migrations.AddField(
            model_name='credential',
            name='scopes',
            field=models.JSONField(default=indicators.models.credential.feed_only),
        ),
        migrations.CreateModel(
            name='Allowance',
            fields=[
                ('pk', models.CompositePrimaryKey('credential_id', 'what', blank=True, editable=False, primary_key=True, serialize=False)),
                ('what', models.CharField(max_length=16)),
                ('remaining', models.FloatField()),
                ('as_of', models.DateTimeField()),
                ('credential', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='indicators.credential')),
            ],
        ),
        migrations.CreateModel(
            name='AuditEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('actor', models.CharField(max_length=200)),
                ('act', models.CharField(max_length=64)),
                ('subject', models.CharField(max_length=300)),
                ('detail', models.JSONField(default=dict)),
            ],
            options={
                'indexes': [models.Index(fields=['at'], name='audit_by_time')],
            },
        ),
        migrations.CreateModel(
            name='DataKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('purpose', models.CharField(choices=[('identifiers', 'Encrypts what detections say'), ('digests', 'Keys the digests and pseudonyms that tables compare; never rotated')], max_length=16)),
                ('sealed', models.BinaryField()),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('retired_at', models.DateTimeField(null=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('retired_at', None)), fields=('purpose',), name='one_current_data_key_a_purpose')],
            },
        ),
        migrations.CreateModel(
            name='Cluster',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('token', models.CharField(max_length=22)),
                ('incarnation', models.IntegerField(default=1)),
                ('is_open', models.BooleanField(default=True)),
                ('draft_due', models.BooleanField(default=False)),
                ('due_since', models.DateTimeField(null=True)),
                ('sealed_facts', models.BinaryField(null=True)),
                ('description', models.TextField(blank=True, db_default='', default='')),
                ('described_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ('data_key', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, to='indicators.datakey')),
            ],
        ),
        migrations.CreateModel(
            name='Allowed',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=32)),
                ('digest', models.BinaryField(max_length=32, unique=True)),
                ('sealed', models.BinaryField()),
                ('reason', models.CharField(help_text='Whose it is and why; shown to analysts', max_length=200)),
                ('added_by', models.CharField(max_length=150)),
                ('added_at', models.DateTimeField(auto_now_add=True)),
                ('data_key', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='indicators.datakey')),
            ],
        ),
        migrations.CreateModel(
            name='Account',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('number', models.IntegerField(help_text='Its place in the detection, from 0')),
                ('sealed', models.BinaryField()),
                ('tokenized_at', models.DateTimeField(null=True)),
                ('data_key', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='indicators.datakey')),
            ],
        ),
        migrations.CreateModel(
            name='Detection',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uuid', models.UUIDField(unique=True)),
                ('uid', models.CharField(help_text="The detector's own name for the finding", max_length=200)),
                ('revision', models.IntegerField()),
                ('is_open', models.BooleanField()),
                ('digest', models.BinaryField(max_length=32)),
                ('sealed', models.BinaryField(null=True)),
                ('account_count', models.IntegerField()),
                ('stage', models.CharField(choices=[('received', 'Stored; its identifiers have no tokens yet'), ('tokenized', 'Its tokens are made; no draft holds it yet'), ('drafted', 'In a draft, which may wait for a person'), ('published', 'What may be shared of it is in a collection'), ('withheld', "Nothing of it is shared, by a person's decision or an allow list"), ('superseded', 'A later revision took its place'), ('failed', 'Stopped with a reason; can be run again')], default='received', max_length=16)),
                ('stage_since', models.DateTimeField()),
                ('failed_stage', models.CharField(blank=True, db_default='', default='', max_length=16)),
                ('reason', models.TextField(blank=True, db_default='', default='')),
                ('verdict', models.CharField(blank=True, choices=[('true-positive', 'It was a campaign'), ('false-positive', 'It was not: the finding is closed'), ('inconclusive', 'Looked at, and nobody can say: not counted')], db_default='', default='', max_length=16)),
                ('received_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('cluster', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='indicators.cluster')),
                ('data_key', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, to='indicators.datakey')),
            ],
        ),
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(DETECTED_TOKENS, "DROP TABLE indicators_detectedtoken")],
            [
                migrations.CreateModel(
                    name='DetectedToken',
                    fields=[
                        ('pk', models.CompositePrimaryKey('token', 'account_id', blank=True, editable=False, primary_key=True, serialize=False)),
                        ('token', models.BinaryField(max_length=21)),
                        ('kind', models.SmallIntegerField(help_text='Index in KINDS of federation.pseudonyms.normalize')),
                        ('account', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, to='indicators.account')),
                        ('detection', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, to='indicators.detection')),
                    ],
                ),
            ],
        ),
        migrations.AddField(
            model_name='account',
            name='detection',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='indicators.detection'),
        ),
        migrations.CreateModel(
            name='Detector',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=64, unique=True, validators=[django.core.validators.RegexValidator('^[a-z0-9][a-z0-9._-]{0,63}$', 'Lower-case letters, digits.')])),
                ('version', models.CharField(blank=True, max_length=64)),
                ('policy', models.CharField(choices=[('publish', 'Published by itself, unless a condition asks for a person'), ('review', 'Every draft is reviewed by a person')], default='review', max_length=16)),
                ('tlp', models.SmallIntegerField(choices=[(0, 'TLP:CLEAR'), (1, 'TLP:GREEN'), (2, 'TLP:AMBER'), (3, 'TLP:AMBER+STRICT'), (4, 'TLP:RED')], default=1)),
                ('false_positive_rate', models.FloatField(blank=True, help_text='As measured by its makers, 0 to 1.', null=True)),
                ('reviewed_count', models.IntegerField(default=0, editable=False)),
                ('false_positive_count', models.IntegerField(default=0, editable=False)),
                ('demoted_at', models.DateTimeField(editable=False, null=True)),
                ('demoted_because', models.TextField(blank=True, editable=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('collection', models.ForeignKey(blank=True, help_text='Where its objects are published; none: its drafts wait for one.', null=True, on_delete=django.db.models.deletion.PROTECT, to='indicators.collection')),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.AddField(
            model_name='detection',
            name='detector',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='indicators.detector'),
        ),
        migrations.AddField(
            model_name='cluster',
            name='detector',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='indicators.detector'),
        ),
        migrations.AddField(
            model_name='credential',
            name='detector',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to='indicators.detector'),
        ),
        migrations.CreateModel(
            name='Draft',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('state', models.CharField(choices=[('review', 'Waits for a person'), ('approved', 'Will be published as it is'), ('published', 'In its collection'), ('rejected', 'Nothing of it is shared'), ('superseded', 'A later draft of the same cluster took its place'), ('failed', 'Could not be published; says why, and can be run again')], max_length=16)),
                ('created_at', models.DateTimeField()),
                ('objects_zstd', models.BinaryField()),
                ('object_count', models.IntegerField()),
                ('parts', models.JSONField(default=list)),
                ('roles', models.JSONField(default=dict)),
                ('preview', models.JSONField(default=dict)),
                ('review_reasons', models.JSONField(default=list)),
                ('decided_at', models.DateTimeField(null=True)),
                ('decision_reason', models.TextField(blank=True, db_default='', default='')),
                ('failure', models.TextField(blank=True, db_default='', default='')),
                ('state_since', models.DateTimeField()),
                ('author', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='authored_drafts', to=settings.AUTH_USER_MODEL)),
                ('cluster', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, to='indicators.cluster')),
                ('collection', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, to='indicators.collection')),
                ('decided_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='decided_drafts', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.AddField(
            model_name='detection',
            name='draft',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, to='indicators.draft'),
        ),
        migrations.CreateModel(
            name='Job',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('idempotency_key', models.CharField(max_length=200)),
                ('body_digest', models.BinaryField(max_length=32)),
                ('received_at', models.DateTimeField()),
                ('accepted_count', models.IntegerField()),
                ('duplicate_count', models.IntegerField()),
                ('rejected_count', models.IntegerField()),
                ('results', models.BinaryField(help_text='JSON, a result a line, compressed by zstd')),
                ('credential', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='indicators.credential')),
            ],
        ),
        migrations.AddField(
            model_name='detection',
            name='job',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='indicators.job'),
        ),
        migrations.CreateModel(
            name='Part',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('incarnation', models.IntegerField()),
                ('kind', models.SmallIntegerField()),
                ('key_id', models.BinaryField(max_length=5)),
                ('number', models.IntegerField()),
                ('token_count', models.IntegerField()),
                ('version', models.IntegerField(default=1)),
                ('published_version', models.IntegerField(default=0)),
                ('cluster', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='indicators.cluster')),
            ],
        ),
        migrations.CreateModel(
            name='Seat',
            fields=[
                ('pk', models.CompositePrimaryKey('cluster_id', 'token', blank=True, editable=False, primary_key=True, serialize=False)),
                ('token', models.BinaryField(max_length=21)),
                ('cluster', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, to='indicators.cluster')),
                ('part', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, to='indicators.part')),
            ],
        ),
        migrations.CreateModel(
            name='Authored',
            fields=[
                ('stix_id', models.CharField(max_length=300, primary_key=True, serialize=False)),
                ('incarnation', models.IntegerField()),
                ('role', models.CharField(max_length=100)),
                ('cluster', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='indicators.cluster')),
            ],
            options={
                'indexes': [models.Index(fields=['cluster', 'incarnation'], name='authored_of_cluster')],
            },
        ),
        migrations.AddIndex(
            model_name='account',
            index=models.Index(condition=models.Q(('tokenized_at', None)), fields=['detection'], name='accounts_without_tokens'),
        ),
        migrations.AddIndex(
            model_name='account',
            index=models.Index(fields=['data_key'], name='accounts_by_data_key'),
        ),
        migrations.AddIndex(
            model_name='account',
            index=models.Index(condition=models.Q(('tokenized_at__isnull', False)), fields=['tokenized_at'], name='accounts_by_age_of_tokens'),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.UniqueConstraint(fields=('detection', 'number'), name='one_account_a_number'),
        ),
        migrations.AddIndex(
            model_name='cluster',
            index=models.Index(condition=models.Q(('draft_due', True)), fields=['due_since'], name='clusters_due'),
        ),
        migrations.AddConstraint(
            model_name='cluster',
            constraint=models.UniqueConstraint(fields=('detector', 'token'), name='one_cluster_a_key'),
        ),
        migrations.AddIndex(
            model_name='draft',
            index=models.Index(fields=['cluster', 'created_at'], name='drafts_of_cluster'),
        ),
        migrations.AddIndex(
            model_name='draft',
            index=models.Index(condition=models.Q(('state__in', ['review', 'approved', 'failed'])), fields=['state', 'state_since'], name='drafts_under_way'),
        ),
        migrations.AddConstraint(
            model_name='draft',
            constraint=models.CheckConstraint(condition=models.Q(('author', None), ('decided_by', None), models.Q(('decided_by', models.F('author')), _negated=True), _connector='OR'), name='an_author_never_decides'),
        ),
        migrations.AddConstraint(
            model_name='draft',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['review', 'approved', 'failed'])), fields=('cluster',), name='one_live_draft_a_cluster'),
        ),
        migrations.AddConstraint(
            model_name='job',
            constraint=models.UniqueConstraint(fields=('credential', 'idempotency_key'), name='one_answer_an_idempotency_key'),
        ),
        migrations.AddIndex(
            model_name='detection',
            index=models.Index(fields=['cluster', 'stage'], name='detections_of_cluster'),
        ),
        migrations.AddIndex(
            model_name='detection',
            index=models.Index(condition=models.Q(('draft__isnull', False)), fields=['draft'], name='detections_of_draft'),
        ),
        migrations.AddIndex(
            model_name='detection',
            index=models.Index(condition=models.Q(('stage__in', ['received', 'tokenized', 'failed'])), fields=['stage', 'stage_since'], name='detections_under_way'),
        ),
        migrations.AddIndex(
            model_name='detection',
            index=models.Index(condition=models.Q(('sealed__isnull', False)), fields=['expires_at'], name='detections_by_expiry'),
        ),
        migrations.AddIndex(
            model_name='detection',
            index=models.Index(condition=models.Q(('data_key__isnull', False)), fields=['data_key'], name='detections_by_data_key'),
        ),
        migrations.AddConstraint(
            model_name='detection',
            constraint=models.UniqueConstraint(fields=('detector', 'uid', 'revision'), name='one_detection_a_revision'),
        ),
        migrations.AddConstraint(
            model_name='part',
            constraint=models.UniqueConstraint(fields=('cluster', 'incarnation', 'kind', 'key_id', 'number'), name='one_part_a_number'),
        ),
        migrations.RunSQL(APPEND_ONLY, NOT_APPEND_ONLY),
        migrations.RunSQL("ALTER TABLE indicators_allowance SET UNLOGGED", migrations.RunSQL.noop),
    ]
