"""Peers with their keys and logs, subscriptions, deliveries, evidence."""

import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from django.db import migrations, models

APPEND_ONLY = """
CREATE FUNCTION federation_evidence_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'evidence is append-only';
END $$;
CREATE TRIGGER evidence_is_append_only BEFORE UPDATE OR DELETE ON federation_evidence
FOR EACH STATEMENT EXECUTE FUNCTION federation_evidence_is_append_only();
"""
NOT_APPEND_ONLY = """
DROP TRIGGER evidence_is_append_only ON federation_evidence;
DROP FUNCTION federation_evidence_is_append_only();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('federation', '0002_tokens_and_requests'),
    ]

    operations = [
        migrations.CreateModel(
            name='Peer',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=200, unique=True)),
                ('identity_id', models.CharField(max_length=64, unique=True)),
                ('base_url', models.CharField(blank=True, max_length=500)),
                ('is_plain', models.BooleanField(default=False)),
                ('state', models.CharField(choices=[('invited', 'Known by its descriptor; its fingerprint is not confirmed yet'), ('active', 'Its fingerprint was compared out of band: it is pinned'), ('suspended', 'Held off, by a person or after a fork, until a person says otherwise'), ('left', 'No longer a member; what it signed stays attributed to it')], default='invited', max_length=16)),
                ('state_since', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('reason', models.TextField(blank=True, db_default='', default='')),
                ('descriptor', models.BinaryField(null=True)),
                ('issued_at', models.DateTimeField(null=True)),
                ('checked_at', models.DateTimeField(null=True)),
                ('alarm', models.TextField(blank=True, db_default='', default='')),
                ('confirmed_by', models.CharField(blank=True, db_default='', default='', max_length=150)),
                ('confirmed_at', models.DateTimeField(null=True)),
                ('user', models.CharField(blank=True, db_default='', default='', max_length=100)),
                ('sealed_key', models.BinaryField(null=True)),
                ('allow_private', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.AddField(
            model_name='nodekey',
            name='endorsement',
            field=models.BinaryField(max_length=64, null=True),
        ),
        migrations.AddField(
            model_name='nodekey',
            name='log_sizes',
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name='nodekey',
            name='predecessor',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, to='federation.nodekey'),
        ),
        migrations.AlterField(
            model_name='nodekey',
            name='purpose',
            field=models.TextField(choices=[('log', "checkpoints of this node's logs"), ('object', 'objects of this organization (origin signatures)'), ('request', 'requests to other nodes (RFC 9421)'), ('witness', "cosignatures of other nodes' checkpoints (C2SP tlog-cosignature)")]),
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('pk', models.CompositePrimaryKey('peer_id', 'log_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('woken_size', models.BigIntegerField(default=0)),
                ('woken_at', models.DateTimeField(null=True)),
                ('failures', models.IntegerField(default=0)),
                ('failure', models.TextField(blank=True, db_default='', default='')),
                ('next_wake_at', models.DateTimeField(null=True)),
                ('held_size', models.BigIntegerField(default=0)),
                ('held_root', models.BinaryField(max_length=32, null=True)),
                ('held_at', models.DateTimeField(null=True)),
                ('log', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='federation.log')),
                ('peer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='federation.peer')),
            ],
        ),
        migrations.CreateModel(
            name='PeerKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('purpose', models.CharField(choices=[('object', 'Object'), ('request', 'Request')], max_length=16)),
                ('kid', models.CharField(max_length=43, unique=True)),
                ('public_key', models.BinaryField(max_length=32)),
                ('endorsed_by', models.CharField(blank=True, db_default='', default='', max_length=43)),
                ('since', models.JSONField(default=dict)),
                ('until', models.JSONField(null=True)),
                ('pinned_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('peer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='keys', to='federation.peer')),
            ],
        ),
        migrations.CreateModel(
            name='PeerLog',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('collection', models.UUIDField()),
                ('origin', models.CharField(max_length=300, unique=True)),
                ('vkey', models.TextField()),
                ('signatures_required', models.BooleanField(default=True)),
                ('audience', models.CharField(blank=True, db_default='', default='', max_length=16)),
                ('size', models.BigIntegerField(default=0)),
                ('root', models.BinaryField(max_length=32, null=True)),
                ('note', models.BinaryField(null=True)),
                ('seen_at', models.DateTimeField(null=True)),
                ('cosigned_size', models.BigIntegerField(null=True)),
                ('frozen_at', models.DateTimeField(null=True)),
                ('frozen_because', models.TextField(blank=True, db_default='', default='')),
                ('peer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='logs', to='federation.peer')),
            ],
        ),
        migrations.CreateModel(
            name='Subscription',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('url', models.CharField(help_text="The collection's own TAXII URL", max_length=500)),
                ('title', models.CharField(blank=True, max_length=200)),
                ('inbox', models.UUIDField(unique=True)),
                ('signatures_required', models.BooleanField(default=True)),
                ('state', models.CharField(choices=[('active', 'Active'), ('paused', 'By a person'), ('frozen', 'The log contradicts itself, or the peer floods; a person decides')], default='active', max_length=16)),
                ('size', models.BigIntegerField(default=0)),
                ('edge', models.BinaryField(default=b'')),
                ('added_after', models.DateTimeField(null=True)),
                ('objects_taken', models.BigIntegerField(default=0)),
                ('size_seen', models.BigIntegerField(default=0)),
                ('interval_seconds', models.IntegerField(default=60)),
                ('next_pull_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('leased_until', models.DateTimeField(null=True)),
                ('wanted_at', models.DateTimeField(null=True)),
                ('pulled_at', models.DateTimeField(null=True)),
                ('caught_up_at', models.DateTimeField(null=True)),
                ('failures', models.IntegerField(default=0)),
                ('failure', models.TextField(blank=True, db_default='', default='')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('log', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, to='federation.peerlog')),
                ('peer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='subscriptions', to='federation.peer')),
            ],
        ),
        migrations.CreateModel(
            name='Quarantined',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('log_index', models.BigIntegerField(null=True)),
                ('sha256', models.BinaryField(max_length=32)),
                ('stix_id', models.CharField(max_length=300)),
                ('body', models.BinaryField()),
                ('reason', models.TextField()),
                ('may_pass_later', models.BooleanField(default=False)),
                ('found_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('checked_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('released_at', models.DateTimeField(null=True)),
                ('subscription', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='federation.subscription')),
            ],
        ),
        migrations.CreateModel(
            name='Gap',
            fields=[
                ('pk', models.CompositePrimaryKey('subscription_id', 'log_index', blank=True, editable=False, primary_key=True, serialize=False)),
                ('log_index', models.BigIntegerField()),
                ('entry', models.BinaryField(max_length=32)),
                ('is_declared', models.BooleanField(help_text='The peer says that it was withdrawn')),
                ('found_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('subscription', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='federation.subscription')),
            ],
        ),
        migrations.CreateModel(
            name='Cosignature',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('size', models.BigIntegerField()),
                ('witness', models.CharField(max_length=300)),
                ('line', models.TextField()),
                ('signed_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('log', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='federation.log')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('log', 'size', 'witness'), name='one_cosignature_a_witness')],
            },
        ),
        migrations.CreateModel(
            name='Evidence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('fork', 'Two signed checkpoints that no one log can have'), ('rollback', 'A feed or log that shows less than it showed before'), ('unlogged', 'An object in the feed that its log does not have there'), ('withheld', 'An entry of the log whose object was not served, nor declared withdrawn'), ('equivocation', 'Two contents that one author signed as one version'), ('forgery', "An object whose signature does not hold, or that names another's author"), ('overreach', 'An object relayed against its marking'), ('misconduct', 'An answer that breaks the protocol: too large, too slow, malformed')], max_length=16)),
                ('summary', models.TextField()),
                ('first', models.BinaryField(default=b'')),
                ('second', models.BinaryField(default=b'')),
                ('sha256', models.BinaryField(max_length=32, unique=True)),
                ('found_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('peer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='evidence', to='federation.peer')),
            ],
            options={
                'indexes': [models.Index(fields=['peer', 'found_at'], name='evidence_of_peer')],
            },
        ),
        migrations.CreateModel(
            name='Push',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('url', models.CharField(help_text="The peer's collection, its own TAXII URL", max_length=500)),
                ('is_active', models.BooleanField(default=True)),
                ('size', models.BigIntegerField(default=0)),
                ('sent_size', models.BigIntegerField(default=0)),
                ('status_url', models.CharField(blank=True, db_default='', default='', max_length=500)),
                ('refused_count', models.BigIntegerField(default=0)),
                ('last_refusal', models.TextField(blank=True, db_default='', default='')),
                ('next_push_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('leased_until', models.DateTimeField(null=True)),
                ('pushed_at', models.DateTimeField(null=True)),
                ('failures', models.IntegerField(default=0)),
                ('failure', models.TextField(blank=True, db_default='', default='')),
                ('log', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='federation.log')),
                ('peer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='pushes', to='federation.peer')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('log', 'url'), name='one_push_a_collection')],
            },
        ),
        migrations.AddIndex(
            model_name='subscription',
            index=models.Index(condition=models.Q(('state', 'active')), fields=['next_pull_at'], name='subscriptions_due'),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.UniqueConstraint(fields=('peer', 'url'), name='one_subscription_a_collection'),
        ),
        migrations.AddConstraint(
            model_name='quarantined',
            constraint=models.UniqueConstraint(fields=('subscription', 'sha256'), name='one_quarantined_a_content'),
        ),
        migrations.RunSQL(APPEND_ONLY, NOT_APPEND_ONLY),
    ]
