"""What people are told, and what they decided and can still take back."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('indicators', '0008_referrals'),
    ]

    operations = [
        migrations.CreateModel(
            name='Webhook',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('url', models.CharField(max_length=500)),
                ('events', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('review', 'Drafts wait for a reviewer'), ('decided', 'Somebody decided on what you wrote'), ('leads', 'New leads of the day'), ('peer', 'A peer raised an alarm, or a log of it is frozen'), ('detector', 'A detector is not trusted to publish any more'), ('referral', 'Referrals wait for approval'), ('webhook', 'A webhook was disabled')], max_length=16), size=None)),
                ('sealed_secret', models.BinaryField()),
                ('allow_private', models.BooleanField(default=False)),
                ('created_by', models.CharField(max_length=150)),
                ('created_at', models.DateTimeField()),
                ('disabled_at', models.DateTimeField(null=True)),
                ('disabled_because', models.TextField(blank=True, db_default='', default='')),
            ],
            options={
                'ordering': ['created_at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='NoticeChoice',
            fields=[
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('digest', models.CharField(choices=[('off', 'No e-mail'), ('daily', 'Once a day, if there is anything unread'), ('weekly', 'Once a week, if there is anything unread')], default='off', max_length=8)),
                ('muted', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('review', 'Drafts wait for a reviewer'), ('decided', 'Somebody decided on what you wrote'), ('leads', 'New leads of the day'), ('peer', 'A peer raised an alarm, or a log of it is frozen'), ('detector', 'A detector is not trusted to publish any more'), ('referral', 'Referrals wait for approval'), ('webhook', 'A webhook was disabled')], max_length=16), default=list, size=None)),
                ('next_digest_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('digest', 'off'), _negated=True), fields=['next_digest_at'], name='digests_due')],
            },
        ),
        migrations.CreateModel(
            name='Told',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('cause', models.CharField(choices=[('review', 'Drafts wait for a reviewer'), ('decided', 'Somebody decided on what you wrote'), ('leads', 'New leads of the day'), ('peer', 'A peer raised an alarm, or a log of it is frozen'), ('detector', 'A detector is not trusted to publish any more'), ('referral', 'Referrals wait for approval'), ('webhook', 'A webhook was disabled')], max_length=16)),
                ('subject', models.CharField(blank=True, max_length=100)),
                ('at', models.DateTimeField()),
                ('count', models.IntegerField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('cause', 'subject'), name='told_once_a_subject')],
            },
        ),
        migrations.CreateModel(
            name='HeldDecision',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('act', models.UUIDField()),
                ('state', models.CharField(choices=[('open', 'A lead that nobody has looked at'), ('confirmed', 'The same actor: shared as a sighting'), ('false-positive', 'Not the same: shared as an opinion'), ('needs-information', 'Asked back, or waits for more')], max_length=20)),
                ('note', models.TextField(blank=True)),
                ('reaction', models.CharField(blank=True, max_length=32)),
                ('explanation', models.TextField(blank=True)),
                ('is_sure', models.BooleanField(default=False)),
                ('held_at', models.DateTimeField()),
                ('due_at', models.DateTimeField()),
                ('failure', models.TextField(blank=True, db_default='', default='')),
                ('match', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='held', to='indicators.match')),
                ('person', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('failure', '')), fields=['due_at'], name='held_decisions_due'), models.Index(fields=['person'], name='held_decisions_of_person')],
            },
        ),
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('cause', models.CharField(choices=[('review', 'Drafts wait for a reviewer'), ('decided', 'Somebody decided on what you wrote'), ('leads', 'New leads of the day'), ('peer', 'A peer raised an alarm, or a log of it is frozen'), ('detector', 'A detector is not trusted to publish any more'), ('referral', 'Referrals wait for approval'), ('webhook', 'A webhook was disabled')], max_length=16)),
                ('subject', models.CharField(blank=True, max_length=100)),
                ('count', models.IntegerField()),
                ('at', models.DateTimeField()),
                ('read_at', models.DateTimeField(null=True)),
                ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['user', 'at'], name='notices_of_person'), models.Index(condition=models.Q(('read_at', None)), fields=['user'], name='unread_notices')],
                'constraints': [models.UniqueConstraint(fields=('user', 'cause', 'subject'), name='one_notice_a_subject')],
            },
        ),
        migrations.CreateModel(
            name='Dispatch',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('event', models.CharField(choices=[('review', 'Drafts wait for a reviewer'), ('decided', 'Somebody decided on what you wrote'), ('leads', 'New leads of the day'), ('peer', 'A peer raised an alarm, or a log of it is frozen'), ('detector', 'A detector is not trusted to publish any more'), ('referral', 'Referrals wait for approval'), ('webhook', 'A webhook was disabled')], max_length=16)),
                ('body', models.BinaryField()),
                ('created_at', models.DateTimeField()),
                ('next_try_at', models.DateTimeField(null=True)),
                ('tries', models.IntegerField(default=0)),
                ('status', models.IntegerField(null=True)),
                ('failure', models.TextField(blank=True, db_default='', default='')),
                ('ended_at', models.DateTimeField(null=True)),
                ('webhook', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='indicators.webhook')),
            ],
            options={
                'indexes': [models.Index(fields=['webhook', 'created_at'], name='dispatches_of_webhook'), models.Index(condition=models.Q(('next_try_at__isnull', False)), fields=['next_try_at'], name='dispatches_due')],
            },
        ),
    ]
