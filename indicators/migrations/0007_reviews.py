"""What reviewers decide, ask and see."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
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
                ('text', models.TextField()),
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
    ]
