"""Packs of referrals are kept as they were signed."""

from django.db import migrations, models

# What an authority was given is what this node can show, for good.
KEPT = """
CREATE FUNCTION indicators_pack_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'A pack that was signed is never changed.';
END $$;
CREATE TRIGGER pack_is_kept BEFORE UPDATE ON indicators_referral FOR EACH ROW
WHEN (OLD.pack_zstd IS NOT NULL AND OLD.pack_zstd IS DISTINCT FROM NEW.pack_zstd)
EXECUTE FUNCTION indicators_pack_is_kept();
"""
NOT_KEPT = """
DROP TRIGGER pack_is_kept ON indicators_referral;
DROP FUNCTION indicators_pack_is_kept();
"""


class Migration(migrations.Migration):

    dependencies = [('indicators', '0009_notices')]

    operations = [
        migrations.AddField(
            model_name='referral',
            name='pack_zstd',
            field=models.BinaryField(help_text='None: signed before packs were kept', null=True),
        ),
        migrations.RunSQL(KEPT, NOT_KEPT),
    ]
