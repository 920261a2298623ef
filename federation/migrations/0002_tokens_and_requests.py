"""Token keys and quotas of a key-holder, pinned keys of another, nonces of signed requests."""

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('federation', '0001_keys_and_logs'),
    ]

    operations = [
        migrations.CreateModel(
            name='QuotaUse',
            fields=[
                ('pk', models.CompositePrimaryKey('member', 'kind', 'epoch', 'day', blank=True, editable=False, primary_key=True, serialize=False)),
                ('member', models.CharField(max_length=100)),
                ('kind', models.CharField(max_length=32)),
                ('epoch', models.IntegerField()),
                ('day', models.DateField()),
                ('used', models.BigIntegerField()),
            ],
        ),
        migrations.AlterField(
            model_name='nodekey',
            name='purpose',
            field=models.TextField(choices=[('log', "checkpoints of this node's logs"), ('object', 'objects of this organization (origin signatures)'), ('request', 'requests to other nodes (RFC 9421)')]),
        ),
        migrations.CreateModel(
            name='Evaluation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('member', models.CharField(max_length=100)),
                ('kind', models.CharField(max_length=32)),
                ('epoch', models.IntegerField()),
                ('count', models.IntegerField()),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'indexes': [models.Index(fields=['at'], name='evaluations_by_time')],
            },
        ),
        migrations.CreateModel(
            name='PinnedTokenKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('holder', models.TextField()),
                ('kind', models.CharField(max_length=32)),
                ('epoch', models.IntegerField()),
                ('public_key', models.BinaryField(max_length=32)),
                ('not_before', models.DateTimeField()),
                ('not_after', models.DateTimeField()),
                ('dropped_at', models.DateTimeField()),
                ('seen_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('holder', 'kind', 'epoch'), name='one_pinned_key_a_kind_and_epoch')],
            },
        ),
        migrations.CreateModel(
            name='SeenNonce',
            fields=[
                ('pk', models.CompositePrimaryKey('key_id', 'nonce', blank=True, editable=False, primary_key=True, serialize=False)),
                ('key_id', models.CharField(max_length=64)),
                ('nonce', models.CharField(max_length=64)),
                ('expires_at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['expires_at'], name='nonces_by_expiry')],
            },
        ),
        migrations.CreateModel(
            name='TokenKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('group', models.CharField(max_length=64)),
                ('kind', models.CharField(max_length=32)),
                ('epoch', models.IntegerField()),
                ('public_key', models.BinaryField(max_length=32)),
                ('sealed_seed', models.BinaryField(null=True)),
                ('not_before', models.DateTimeField()),
                ('not_after', models.DateTimeField()),
                ('dropped_at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('group', 'kind', 'epoch'), name='one_key_a_group_kind_and_epoch')],
            },
        ),
    ]
