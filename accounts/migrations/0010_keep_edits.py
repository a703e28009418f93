from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0009_double_click_reaction'),
    ]

    operations = [
        migrations.AddField(
            model_name='sitesettings',
            name='keep_edits',
            field=models.BooleanField(db_default=True, default=True, help_text='Whoever may read a message can then read its earlier texts, too. A deleted message keeps none.', verbose_name='keep what messages said before they were edited'),
        ),
    ]
