"""Packs of referrals are kept as they were signed."""

from django.db import migrations, models

# Neither the content, nor an approval, nor what was rendered and signed with it changes afterwards.
FROZEN = """
CREATE OR REPLACE FUNCTION indicators_referral_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
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
        AND (NEW.second_approver_id, NEW.second_approved_at, NEW.jws, NEW.public_key, NEW.pack_zstd)
        IS DISTINCT FROM
        (OLD.second_approver_id, OLD.second_approved_at, OLD.jws, OLD.public_key, OLD.pack_zstd)
    THEN
        RAISE EXCEPTION 'An approval of a referral is never changed.';
    END IF;
    RETURN NEW;
END $$;
"""
FROZEN_BEFORE = """
CREATE OR REPLACE FUNCTION indicators_referral_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
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
"""


class Migration(migrations.Migration):

    dependencies = [('indicators', '0009_notices')]

    operations = [
        migrations.AddField(
            model_name='referral',
            name='pack_zstd',
            field=models.BinaryField(help_text='None: signed before packs were kept', null=True),
        ),
        migrations.RunSQL(FROZEN, FROZEN_BEFORE),
    ]
