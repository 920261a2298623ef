"""Inboxes and relays, matches, answers, clusters across organizations."""

import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('indicators', '0002_detections'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Reconciled',
            fields=[
                ('collection_id', models.UUIDField(primary_key=True, serialize=False)),
                ('size', models.BigIntegerField(default=0)),
                ('at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Relay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ],
        ),
        migrations.CreateModel(
            name='Served',
            fields=[
                ('pk', models.CompositePrimaryKey('member_id', 'collection_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('size', models.BigIntegerField()),
                ('served_at', models.DateTimeField()),
                ('collection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='indicators.collection')),
                ('member', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='indicators.member')),
            ],
        ),
        migrations.AddField(
            model_name='collection',
            name='answers',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='indicators.collection'),
        ),
        migrations.AddField(
            model_name='collection',
            name='is_inbox',
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.AddField(
            model_name='collection',
            name='signatures_required',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='detector',
            name='peer_confirmed_count',
            field=models.IntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name='detector',
            name='peer_disputed_count',
            field=models.IntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name='member',
            name='reliability',
            field=models.CharField(choices=[('A', 'Completely reliable'), ('B', 'Usually reliable'), ('C', 'Fairly reliable'), ('D', 'Not usually reliable'), ('E', 'Unreliable'), ('F', 'Cannot be judged')], db_default='B', default='B', max_length=1),
        ),
        migrations.AddField(
            model_name='objectversion',
            name='signed_by',
            field=models.CharField(max_length=43, null=True),
        ),
        migrations.CreateModel(
            name='Answer',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('stix_id', models.CharField(max_length=300)),
                ('version', models.DateTimeField()),
                ('kind', models.CharField(max_length=16)),
                ('target', models.CharField(max_length=300)),
                ('is_own', models.BooleanField()),
                ('is_revoked', models.BooleanField()),
                ('count', models.IntegerField(default=0)),
                ('stance', models.SmallIntegerField(default=0)),
                ('reaction', models.CharField(blank=True, max_length=32)),
                ('matched_account_count', models.IntegerField(null=True)),
                ('false_positive_count', models.IntegerField(null=True)),
                ('confidence', models.SmallIntegerField(null=True)),
                ('said_at', models.DateTimeField()),
                ('cluster', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, to='indicators.cluster')),
                ('origin', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='indicators.member')),
            ],
        ),
        migrations.CreateModel(
            name='DueMatch',
            fields=[
                ('pk', models.CompositePrimaryKey('cluster_id', 'detection_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('detection_id', models.BigIntegerField()),
                ('since', models.DateTimeField()),
                ('cluster', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, to='indicators.cluster')),
            ],
        ),
        migrations.CreateModel(
            name='JointCluster',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('formed_at', models.DateTimeField()),
                ('changed_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
                ('subject_count', models.IntegerField(default=0)),
                ('origins', models.JSONField(default=list)),
                ('confidence', models.FloatField(default=0)),
                ('terms', models.JSONField(default=list)),
                ('assessed_at', models.DateTimeField(null=True)),
                ('merged_into', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='indicators.jointcluster')),
            ],
        ),
        migrations.CreateModel(
            name='JointEdge',
            fields=[
                ('pk', models.CompositePrimaryKey('first', 'second', blank=True, editable=False, primary_key=True, serialize=False)),
                ('first', models.CharField(max_length=300)),
                ('second', models.CharField(max_length=300)),
                ('kinds', models.JSONField(default=dict)),
                ('token_count', models.IntegerField(default=0)),
                ('found_at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['second'], name='edges_by_second')],
            },
        ),
        migrations.CreateModel(
            name='JointLink',
            fields=[
                ('pk', models.CompositePrimaryKey('first', 'second', blank=True, editable=False, primary_key=True, serialize=False)),
                ('first', models.CharField(max_length=300)),
                ('second', models.CharField(max_length=300)),
                ('first_subject', models.CharField(max_length=300)),
                ('second_subject', models.CharField(max_length=300)),
                ('kinds', models.JSONField(default=dict)),
            ],
            options={
                'indexes': [models.Index(fields=['second'], name='links_by_second'), models.Index(fields=['first_subject', 'second_subject'], name='links_of_edge')],
            },
        ),
        migrations.CreateModel(
            name='JointEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('what', models.CharField(max_length=16)),
                ('subjects', models.JSONField(default=list)),
                ('at', models.DateTimeField()),
                ('joint', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='indicators.jointcluster')),
                ('other', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='indicators.jointcluster')),
            ],
        ),
        migrations.CreateModel(
            name='JointSubject',
            fields=[
                ('subject', models.CharField(max_length=300, primary_key=True, serialize=False)),
                ('joined_at', models.DateTimeField()),
                ('joint', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='subjects', to='indicators.jointcluster')),
                ('origin', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='indicators.member')),
            ],
        ),
        migrations.CreateModel(
            name='KnownIndicator',
            fields=[
                ('stix_id', models.CharField(max_length=300, primary_key=True, serialize=False)),
                ('version', models.DateTimeField()),
                ('is_own', models.BooleanField()),
                ('is_live', models.BooleanField()),
                ('semantics', models.CharField(choices=[('exact', 'Any one token'), ('candidate', 'At least min_matches tokens of one cluster'), ('behaviour', 'A pattern over traffic aggregates')], max_length=16)),
                ('min_matches', models.IntegerField(default=1)),
                ('token_count', models.IntegerField(default=0)),
                ('pattern', models.TextField(blank=True, help_text='Of behaviour indicators only')),
                ('confidence', models.SmallIntegerField(null=True)),
                ('is_first_party', models.BooleanField()),
                ('echo_of', models.CharField(blank=True, max_length=300)),
                ('lifetime_days', models.FloatField(null=True)),
                ('decay_speed', models.FloatField(default=1)),
                ('revoke_score', models.SmallIntegerField(default=0)),
                ('modified', models.DateTimeField()),
                ('valid_until', models.DateTimeField(null=True)),
                ('ends_at', models.DateTimeField(null=True)),
                ('tlp', models.SmallIntegerField(choices=[(0, 'TLP:CLEAR'), (1, 'TLP:GREEN'), (2, 'TLP:AMBER'), (3, 'TLP:AMBER+STRICT'), (4, 'TLP:RED')], null=True)),
                ('subject', models.CharField(max_length=300)),
                ('inbox', models.UUIDField(help_text='The collection that brought it first', null=True)),
                ('origin', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='indicators.member')),
            ],
        ),
        migrations.CreateModel(
            name='Indication',
            fields=[
                ('stix_id', models.CharField(max_length=300, primary_key=True, serialize=False)),
                ('version', models.DateTimeField()),
                ('indicator', models.CharField(max_length=300)),
                ('subject', models.CharField(max_length=300)),
                ('is_revoked', models.BooleanField()),
                ('origin', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='indicators.member')),
            ],
        ),
        migrations.CreateModel(
            name='Match',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('uuid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('stix_id', models.CharField(max_length=300)),
                ('semantics', models.CharField(choices=[('exact', 'Any one token'), ('candidate', 'At least min_matches tokens of one cluster'), ('behaviour', 'A pattern over traffic aggregates')], max_length=16)),
                ('kinds', models.JSONField(default=dict)),
                ('token_count', models.IntegerField()),
                ('account_count', models.IntegerField()),
                ('state', models.CharField(choices=[('open', 'A lead that nobody has looked at'), ('confirmed', 'The same actor: shared as a sighting'), ('false-positive', 'Not the same: shared as an opinion'), ('needs-information', 'Asked back, or waits for more')], default='open', max_length=20)),
                ('decided_at', models.DateTimeField(null=True)),
                ('note', models.TextField(blank=True, db_default='', default='', help_text='Stays here')),
                ('found_at', models.DateTimeField()),
                ('changed_at', models.DateTimeField()),
                ('retired_at', models.DateTimeField(null=True)),
                ('retired_because', models.CharField(blank=True, db_default='', default='', max_length=100)),
                ('cluster', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='indicators.cluster')),
                ('decided_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.AddField(
            model_name='draft',
            name='match',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='indicators.match'),
        ),
        migrations.AddConstraint(
            model_name='draft',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['review', 'approved', 'failed'])), fields=('match',), name='one_live_answer_a_match'),
        ),
        migrations.AddIndex(
            model_name='draft',
            index=models.Index(condition=models.Q(('match__isnull', False)), fields=['match', 'created_at'], name='drafts_of_match'),
        ),
        migrations.AddField(
            model_name='relay',
            name='inbox',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='relays', to='indicators.collection'),
        ),
        migrations.AddField(
            model_name='relay',
            name='target',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='indicators.collection'),
        ),
        migrations.AddConstraint(
            model_name='answer',
            constraint=models.UniqueConstraint(fields=('stix_id', 'target'), name='one_answer_an_object'),
        ),
        migrations.AddIndex(
            model_name='answer',
            index=models.Index(fields=['target'], name='answers_to_object'),
        ),
        migrations.AddIndex(
            model_name='answer',
            index=models.Index(condition=models.Q(('cluster__isnull', False)), fields=['cluster'], name='answers_about_cluster'),
        ),
        migrations.AddIndex(
            model_name='duematch',
            index=models.Index(fields=['since'], name='due_matches_by_age'),
        ),
        migrations.AddIndex(
            model_name='jointcluster',
            index=models.Index(condition=models.Q(('ended_at', None)), fields=['assessed_at'], name='joint_clusters_by_age'),
        ),
        migrations.AddIndex(
            model_name='jointevent',
            index=models.Index(fields=['joint', 'at'], name='events_of_joint_cluster'),
        ),
        migrations.AddIndex(
            model_name='knownindicator',
            index=models.Index(fields=['subject'], name='indicators_of_subject'),
        ),
        migrations.AddIndex(
            model_name='knownindicator',
            index=models.Index(condition=models.Q(('ends_at__isnull', False), ('is_live', True)), fields=['ends_at'], name='indicators_by_end'),
        ),
        migrations.AddIndex(
            model_name='knownindicator',
            index=models.Index(condition=models.Q(('is_live', True), ('semantics', 'behaviour')), fields=['stix_id'], name='behaviour_indicators'),
        ),
        migrations.AddIndex(
            model_name='indication',
            index=models.Index(fields=['indicator'], name='indications_of_indicator'),
        ),
        migrations.AddIndex(
            model_name='match',
            index=models.Index(fields=['stix_id'], name='matches_of_indicator'),
        ),
        migrations.AddIndex(
            model_name='match',
            index=models.Index(condition=models.Q(('retired_at', None)), fields=['state', 'changed_at'], name='matches_to_triage'),
        ),
        migrations.AddConstraint(
            model_name='match',
            constraint=models.UniqueConstraint(fields=('cluster', 'stix_id'), name='one_match_each'),
        ),
        migrations.AddConstraint(
            model_name='relay',
            constraint=models.UniqueConstraint(fields=('inbox', 'target'), name='one_relay_each'),
        ),
    ]
