"""Referral packs."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

TLP_CHOICES = [(0, 'TLP:CLEAR'), (1, 'TLP:GREEN'), (2, 'TLP:AMBER'), (3, 'TLP:AMBER+STRICT'), (4, 'TLP:RED')]

# What two people approve is what is sent: neither the content nor an approval changes afterwards.
FROZEN = """
CREATE FUNCTION indicators_referral_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'A referral is never deleted; withdraw it.';
    END IF;
    IF (NEW.id, NEW.campaign, NEW.title, NEW.recipient_id, NEW.author_id, NEW.made_at,
        NEW.content_zstd, NEW.object_count, NEW.excluded_count)
        IS DISTINCT FROM
       (OLD.id, OLD.campaign, OLD.title, OLD.recipient_id, OLD.author_id, OLD.made_at,
        OLD.content_zstd, OLD.object_count, OLD.excluded_count) THEN
        RAISE EXCEPTION 'The content of a referral is frozen; make another one.';
    END IF;
    IF OLD.first_approver_id IS NOT NULL AND (NEW.first_approver_id, NEW.first_approved_at)
        IS DISTINCT FROM (OLD.first_approver_id, OLD.first_approved_at)
       OR OLD.second_approver_id IS NOT NULL
        AND (NEW.second_approver_id, NEW.second_approved_at, NEW.jws, NEW.public_key)
        IS DISTINCT FROM (OLD.second_approver_id, OLD.second_approved_at, OLD.jws, OLD.public_key)
    THEN
        RAISE EXCEPTION 'An approval of a referral is never changed.';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER referral_is_frozen BEFORE UPDATE OR DELETE ON indicators_referral
FOR EACH ROW EXECUTE FUNCTION indicators_referral_is_frozen();
"""
NOT_FROZEN = """
DROP TRIGGER referral_is_frozen ON indicators_referral;
DROP FUNCTION indicators_referral_is_frozen();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('indicators', '0007_reviews'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Recipient',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=200, unique=True)),
                ('kind', models.CharField(choices=[('authority', 'Authority'), ('provider', 'Provider (abuse desk)')], max_length=16)),
                ('address', models.CharField(blank=True, max_length=500)),
                ('max_tlp', models.SmallIntegerField(choices=TLP_CHOICES, default=1)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={'ordering': ['name']},
        ),
        migrations.CreateModel(
            name='Permission',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('campaign', models.CharField(max_length=300)),
                ('words', models.TextField()),
                ('recorded_at', models.DateTimeField()),
                ('withdrawn_at', models.DateTimeField(null=True)),
                ('originator', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='indicators.member')),
                ('recipient', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='permissions', to='indicators.recipient')),
                ('recorded_by', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('withdrawn_at', None)), fields=('campaign', 'recipient', 'originator'), name='one_permission_at_a_time')],
            },
        ),
        migrations.CreateModel(
            name='Referral',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('campaign', models.CharField(max_length=300)),
                ('title', models.CharField(max_length=300)),
                ('state', models.CharField(choices=[('draft', "Waits for two people's approval"), ('approved', 'Signed; may be sent'), ('sent', 'Sent'), ('withdrawn', 'Given up before it was sent')], default='draft', max_length=16)),
                ('made_at', models.DateTimeField()),
                ('content_zstd', models.BinaryField()),
                ('object_count', models.IntegerField()),
                ('excluded_count', models.IntegerField()),
                ('first_approved_at', models.DateTimeField(null=True)),
                ('second_approved_at', models.DateTimeField(null=True)),
                ('jws', models.TextField(blank=True, db_default='', default='')),
                ('public_key', models.BinaryField(max_length=32, null=True)),
                ('sent_to', models.CharField(blank=True, db_default='', default='', max_length=500)),
                ('sent_at', models.DateTimeField(null=True)),
                ('withdrawn_because', models.TextField(blank=True, db_default='', default='')),
                ('author', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('first_approver', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('recipient', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='indicators.recipient')),
                ('second_approver', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('sent_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [
                    models.Index(fields=['-made_at', '-id'], name='referrals_by_age'),
                    models.Index(fields=['campaign'], name='referrals_of_campaign'),
                    models.Index(condition=models.Q(('state', 'draft')), fields=['made_at'], name='referrals_to_approve'),
                ],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(models.Q(('first_approver', None), models.Q(('first_approver', models.F('author')), _negated=True), _connector='OR'), models.Q(('second_approver', None), models.Q(('second_approver', models.F('author')), _negated=True), _connector='OR')), name='an_author_never_approves'),
                    models.CheckConstraint(condition=models.Q(('second_approver', None), models.Q(('first_approver__isnull', False), models.Q(('second_approver', models.F('first_approver')), _negated=True)), _connector='OR'), name='two_people_approve'),
                    models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['approved', 'sent']), _negated=True), models.Q(('second_approver__isnull', False), models.Q(('jws', ''), _negated=True)), _connector='OR'), name='nothing_is_sent_unapproved'),
                ],
            },
        ),
        migrations.RunSQL(FROZEN, NOT_FROZEN),
    ]
