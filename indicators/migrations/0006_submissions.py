"""What analysts submit; drafts that their authors look at first."""

import django.contrib.postgres.fields
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
    ]
