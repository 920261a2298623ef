"""What reviewers decide, ask and see."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('federation', '0003_peers'),
        ('indicators', '0006_submissions'),
    ]

    operations = [
        migrations.CreateModel(
            name='Remark',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('cluster', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, to='indicators.cluster')),
                ('match', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='indicators.match')),
                ('draft', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='indicators.draft')),
                ('author', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ('said_at', models.DateTimeField()),
                ('act', models.CharField(choices=[('said', 'Said'), ('approved', 'Approved it'), ('returned', 'Asked for changes'), ('rejected', 'Rejected it'), ('true-positive', 'Judged a finding: it was a campaign'), ('false-positive', 'Judged a finding: it was not a campaign'), ('inconclusive', 'Judged a finding: nobody can say')], default='said', max_length=16)),
                ('text', models.TextField(blank=True)),
            ],
        ),
        migrations.AddConstraint(
            model_name='remark',
            constraint=models.CheckConstraint(condition=models.Q(('cluster__isnull', False), ('match__isnull', False), _connector='XOR'), name='a_remark_is_of_one_thing'),
        ),
        migrations.AddIndex(
            model_name='remark',
            index=models.Index(condition=models.Q(('cluster__isnull', False)), fields=['cluster', 'said_at'], name='remarks_of_cluster'),
        ),
        migrations.AddIndex(
            model_name='remark',
            index=models.Index(condition=models.Q(('match__isnull', False)), fields=['match', 'said_at'], name='remarks_of_match'),
        ),
        migrations.AddIndex(
            model_name='cluster',
            index=models.Index(fields=['detector', 'is_open', 'id'], name='clusters_of_detector'),
        ),
        migrations.AddIndex(
            model_name='detection',
            index=models.Index(fields=['detector', 'stage', 'id'], name='detections_by_stage'),
        ),
        migrations.AddIndex(
            model_name='draft',
            index=models.Index(condition=models.Q(('decided_by__isnull', False)), fields=['decided_at'], name='drafts_by_decision'),
        ),
        migrations.AddIndex(
            model_name='draft',
            index=models.Index(condition=models.Q(('state', 'published')), fields=['state_since'], name='drafts_by_publication'),
        ),
        migrations.CreateModel(
            name='Errand',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('add', "Read a node's descriptor"), ('refresh', 'Read the descriptor again'), ('confirm', 'Pin a peer anew that lost its keys'), ('offers', 'Ask what it offers'), ('subscribe', 'Subscribe to its collections'), ('push', 'Deliver a collection to it'), ('relay', 'Republish what it sends'), ('recheck', 'Look at its quarantine again'), ('withhold', 'Take back what is on the allow list by now')], max_length=16)),
                ('peer', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='federation.peer')),
                ('arguments', models.JSONField(default=dict)),
                ('asked_by', models.CharField(max_length=150)),
                ('asked_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('taken_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('failure', models.TextField(blank=True, db_default='', default='')),
                ('result', models.JSONField(default=dict)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('ended_at', None)), fields=['asked_at'], name='errands_waiting')],
            },
        ),
        migrations.AddIndex(
            model_name='auditevent',
            index=models.Index(fields=['actor', 'id'], name='audit_by_actor'),
        ),
        migrations.AddIndex(
            model_name='auditevent',
            index=models.Index(fields=['act', 'id'], name='audit_by_act'),
        ),
        migrations.AddIndex(
            model_name='auditevent',
            index=models.Index(fields=['subject'], name='audit_by_subject', opclasses=['varchar_pattern_ops']),
        ),
    ]
