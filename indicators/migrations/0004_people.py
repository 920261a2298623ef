"""What people may do here."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
import django.db.models.functions.datetime

# Whoever decided in the administration goes on deciding in the pages. Later than this, roles are
# all that counts.
ROLES = """
INSERT INTO indicators_person (user_id, roles, time_zone, must_change_password)
SELECT user_id, array_agg(role ORDER BY role), 'UTC', false
FROM (
    SELECT id AS user_id, 'administrator' AS role FROM auth_user WHERE is_superuser
    UNION
    SELECT holder.user_id, CASE p.codename WHEN 'change_draft' THEN 'reviewer' ELSE 'analyst' END
    FROM (
        SELECT user_id, permission_id FROM auth_user_user_permissions
        UNION
        SELECT m.user_id, g.permission_id
        FROM auth_user_groups m JOIN auth_group_permissions g ON g.group_id = m.group_id
    ) holder
    JOIN auth_permission p ON p.id = holder.permission_id
    JOIN django_content_type t ON t.id = p.content_type_id
    WHERE t.app_label = 'indicators' AND p.codename IN ('change_draft', 'change_match')
) given
GROUP BY user_id
ON CONFLICT DO NOTHING
"""

# What web processes share for minutes: attempts that were made, codes that were used.
CACHE = """
CREATE TABLE retort_cache (
    cache_key varchar(255) NOT NULL PRIMARY KEY,
    value text NOT NULL,
    expires timestamp with time zone NOT NULL
);
CREATE INDEX retort_cache_expires ON retort_cache (expires);
"""


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
                ('must_change_password', models.BooleanField(db_default=False, default=False)),
            ],
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.BinaryField(max_length=32, unique=True)),
                ('roles', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('analyst', 'Analyst: submits, looks at detections, decides on matches'), ('reviewer', 'Reviewer: decides what leaves this node'), ('administrator', 'Administrator: people, peers, collections, settings, audit')], max_length=16), default=list, size=None)),
                ('email', models.EmailField(blank=True, max_length=254)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('expires_at', models.DateTimeField()),
                ('accepted_at', models.DateTimeField(null=True)),
                ('revoked_at', models.DateTimeField(null=True)),
                ('accepted_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('invited_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('renews', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('accepted_at', None), ('revoked_at', None), _connector='OR'), name='an_invitation_is_used_or_revoked')],
            },
        ),
        migrations.RunSQL(ROLES, reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(CACHE, reverse_sql="DROP TABLE retort_cache"),
    ]
