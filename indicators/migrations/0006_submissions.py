"""What analysts submit; drafts that their authors look at first."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('indicators', '0005_catalog'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='draft',
            name='one_live_draft_a_cluster',
        ),
        migrations.RemoveConstraint(
            model_name='draft',
            name='one_live_answer_a_match',
        ),
        migrations.RemoveIndex(
            model_name='draft',
            name='drafts_under_way',
        ),
        migrations.AlterField(
            model_name='draft',
            name='state',
            field=models.CharField(choices=[('prepared', 'Its author looks at it before anybody else does'), ('review', 'Waits for a person'), ('returned', 'Back with its author: a reviewer asked for changes'), ('approved', 'Will be published as it is'), ('published', 'In its collection'), ('rejected', 'Nothing of it is shared'), ('superseded', 'A later draft of the same cluster took its place'), ('failed', 'Could not be published; says why, and can be run again')], max_length=16),
        ),
        migrations.AddIndex(
            model_name='draft',
            index=models.Index(condition=models.Q(('state__in', ['prepared', 'review', 'returned', 'approved', 'failed'])), fields=['state', 'state_since'], name='drafts_under_way'),
        ),
        migrations.AddConstraint(
            model_name='draft',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['prepared', 'review', 'returned', 'approved', 'failed'])), fields=('cluster',), name='one_live_draft_a_cluster'),
        ),
        migrations.AddConstraint(
            model_name='draft',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['prepared', 'review', 'returned', 'approved', 'failed'])), fields=('match',), name='one_live_answer_a_match'),
        ),
        migrations.AlterField(
            model_name='job',
            name='credential',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to='indicators.credential'),
        ),
        migrations.CreateModel(
            name='Submission',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('state', models.CharField(choices=[('editing', 'Its author writes it'), ('checking', 'A worker makes the draft that its author will look at'), ('prepared', 'Its author looks at what peers will see'), ('sent', 'With the reviewers, or beyond them'), ('returned', 'A reviewer asked for changes'), ('abandoned', 'Given up by its author; what was published of it is taken back')], default='editing', max_length=16)),
                ('state_since', models.DateTimeField()),
                ('created_at', models.DateTimeField()),
                ('changed_at', models.DateTimeField()),
                ('revision', models.IntegerField(default=0)),
                ('evidence_revision', models.IntegerField(default=0)),
                ('evidence_parts', models.IntegerField(default=0)),
                ('evidence_version', models.IntegerField(default=0)),
                ('checked_version', models.IntegerField(default=0)),
                ('taken_version', models.IntegerField(default=0)),
                ('due_since', models.DateTimeField(null=True)),
                ('failure', models.TextField(blank=True, db_default='', default='')),
                ('author', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='submissions', to=settings.AUTH_USER_MODEL)),
                ('cluster', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, to='indicators.cluster')),
            ],
        ),
        migrations.CreateModel(
            name='Piece',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('role', models.CharField(choices=[('typed', 'The form as it was typed, checked or not'), ('stated', 'What the form said when it was last prepared'), ('pasted', 'Identifiers that were pasted'), ('uploaded', 'Identifiers that were uploaded'), ('checked', 'What a worker found in the identifiers: counts, and rows at fault')], max_length=16)),
                ('number', models.IntegerField()),
                ('sealed', models.BinaryField()),
                ('data_key', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='indicators.datakey')),
                ('submission', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='pieces', to='indicators.submission')),
            ],
        ),
        migrations.AddIndex(
            model_name='submission',
            index=models.Index(fields=['author', 'changed_at', 'id'], name='submissions_of_author'),
        ),
        migrations.AddIndex(
            model_name='submission',
            index=models.Index(condition=models.Q(('due_since__isnull', False)), fields=['due_since'], name='submissions_due'),
        ),
        migrations.AddIndex(
            model_name='piece',
            index=models.Index(fields=['data_key'], name='pieces_by_data_key'),
        ),
        migrations.AddConstraint(
            model_name='piece',
            constraint=models.UniqueConstraint(fields=('submission', 'role', 'number'), name='one_piece_a_number'),
        ),
    ]
