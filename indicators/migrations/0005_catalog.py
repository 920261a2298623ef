"""Every object as people look for it."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.db import migrations, models

# What became known later has a higher number.
NUMBERS = "CREATE SEQUENCE indicators_catalog_number"


class Migration(migrations.Migration):

    dependencies = [
        ('indicators', '0004_people'),
    ]

    operations = [
        migrations.RunSQL(NUMBERS, "DROP SEQUENCE indicators_catalog_number"),
        migrations.CreateModel(
            name='Catalogued',
            fields=[
                ('collection_id', models.UUIDField(primary_key=True, serialize=False)),
                ('size', models.BigIntegerField(default=0)),
                ('form', models.SmallIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='DueRow',
            fields=[
                ('stix_id', models.CharField(max_length=300, primary_key=True, serialize=False)),
            ],
        ),
        migrations.CreateModel(
            name='Reference',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('stix_id', models.CharField(max_length=300)),
                ('source', models.CharField(max_length=300)),
                ('relation', models.CharField(max_length=250)),
                ('target', models.CharField(max_length=300)),
            ],
            options={
                'indexes': [
                    models.Index(fields=['stix_id'], name='references_said_by'),
                    models.Index(fields=['source', 'id'], name='references_from'),
                    models.Index(fields=['target', 'id'], name='references_to'),
                ],
            },
        ),
        migrations.CreateModel(
            name='CatalogRow',
            fields=[
                ('stix_id', models.CharField(max_length=300, primary_key=True, serialize=False)),
                ('number', models.BigIntegerField(unique=True)),
                ('type', models.CharField(max_length=250)),
                ('name', models.CharField(max_length=300)),
                ('summary', models.CharField(max_length=300)),
                ('version', models.DateTimeField()),
                ('received_at', models.DateTimeField()),
                ('is_own', models.BooleanField()),
                ('is_signed', models.BooleanField()),
                ('tlp', models.SmallIntegerField(choices=[(0, 'TLP:CLEAR'), (1, 'TLP:GREEN'), (2, 'TLP:AMBER'), (3, 'TLP:AMBER+STRICT'), (4, 'TLP:RED')], null=True)),
                ('confidence', models.SmallIntegerField(null=True)),
                ('standing', models.CharField(choices=[('live', 'Live'), ('expired', 'Expired'), ('revoked', 'Revoked')], max_length=8)),
                ('ends_at', models.DateTimeField(null=True)),
                ('kinds', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=32), default=list, size=None)),
                ('terms', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100), default=list, size=None)),
                ('token_count', models.IntegerField(default=0)),
                ('collections', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), default=list, size=None)),
                ('words', django.contrib.postgres.search.SearchVectorField()),
                ('object_version', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, to='indicators.objectversion')),
                ('origin', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, to='indicators.member')),
            ],
            options={
                'indexes': [
                    django.contrib.postgres.indexes.GinIndex(fastupdate=True, fields=['words'], name='catalog_words'),
                    models.Index(fields=['type', 'number'], name='catalog_by_type'),
                    models.Index(condition=models.Q(('ends_at__isnull', False), ('standing', 'live')), fields=['ends_at'], name='catalog_by_end'),
                ],
            },
        ),
    ]
