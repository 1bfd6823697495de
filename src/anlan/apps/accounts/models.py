"""Log-ins and what they open. Credentials live here; persons, posts and scope in `org`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.org.models import Agency, Person, Role
from anlan.apps.org.scope import EVERYTHING, NOTHING, Scope


class UserManager(BaseUserManager["User"]):
    def create_user(self, username: str, password: str | None = None, **fields: Any) -> User:
        """A log-in with an Argon2 password hash. Raises ValueError for an empty name."""
        if not username:
            raise ValueError("登录名不能为空")
        user = self.model(username=username, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, username: str, password: str | None = None, **fields: Any) -> User:
        """The operator of an installation: may manage accounts, sees everything."""
        return self.create_user(username, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A log-in of one person. Nobody shares a log-in."""

    username = models.SlugField(_("登录名"), max_length=60, unique=True)
    person = models.OneToOneField(Person, models.PROTECT, null=True, blank=True, related_name="user")
    is_active = models.BooleanField(_("启用"), default=True)
    is_staff = models.BooleanField(_("系统管理员"), default=False)
    password_is_first = models.BooleanField(_("初始密码尚未修改"), default=False, db_default=False)

    objects = UserManager()
    USERNAME_FIELD = "username"

    class Meta:
        ordering = ["username"]

    def __str__(self) -> str:
        return self.person.name if self.person_id and self.person else self.username

    def scope(self, at: datetime) -> Scope:
        """What this log-in may see at the instant ``at``: the union of its grants in force; nothing without one."""
        if not self.is_active:
            return NOTHING
        if self.is_superuser:
            return EVERYTHING
        grants = list(self.grants.in_force(at).select_related("agency"))
        self._grants_in_force = grants  # `selectors.grants_of` need not ask again in this request
        paths = tuple(sorted({grant.agency.path for grant in grants if grant.agency}))
        enterprises = tuple(sorted({grant.enterprise_id for grant in grants if grant.enterprise_id}))
        return Scope(agency_paths=paths, enterprise_ids=enterprises, person_id=self.person_id)


class GrantQuerySet(models.QuerySet["Grant"]):
    def in_force(self, at: datetime) -> GrantQuerySet:
        return self.filter(models.Q(valid_until__isnull=True) | models.Q(valid_until__gt=at), valid_from__lte=at)


class Grant(models.Model):
    """A role in one unit: an agency (its subtree opens) or an enterprise."""

    user = models.ForeignKey(User, models.PROTECT, related_name="grants")
    role = models.CharField(_("角色"), max_length=20, choices=Role.choices)
    agency = models.ForeignKey(Agency, models.PROTECT, null=True, blank=True, related_name="grants")
    enterprise = models.ForeignKey("registry.Enterprise", models.PROTECT, null=True, blank=True, related_name="grants")
    valid_from = models.DateTimeField(_("生效"))
    valid_until = models.DateTimeField(_("失效"), null=True, blank=True)

    objects = GrantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(agency__isnull=True) ^ models.Q(enterprise__isnull=True),
                name="grant_is_for_one_unit",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role}"


class Visit(models.Model):
    """One session of a log-in; the newest ones up to the limit stay, older ones are ended (session limit)."""

    user = models.ForeignKey(User, models.CASCADE, related_name="visits")
    session_key = models.CharField(max_length=40, unique=True)
    started_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    address = models.GenericIPAddressField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.user_id} {self.started_at}"


class Tries(models.Model):
    """How many passwords were tried under one key in the window that ends at ``until``; no evidence, only a brake."""

    key = models.CharField(max_length=200, unique=True)
    count = models.PositiveIntegerField(default=0)
    until = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.key}: {self.count}"
