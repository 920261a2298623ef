"""What people may do here."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('indicators', '0003_reconcile'),
    ]

    operations = [
        migrations.CreateModel(
            name='Person',
            fields=[
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='person', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('roles', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('analyst', 'Analyst: submits, looks at detections, decides on matches'), ('reviewer', 'Reviewer: decides what leaves this node'), ('administrator', 'Administrator: people, peers, collections, settings, audit')], max_length=16), default=list, size=None)),
                ('time_zone', models.CharField(db_default='UTC', default='UTC', max_length=64)),
            ],
        ),
    ]
