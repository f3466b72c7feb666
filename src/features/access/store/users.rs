//! Rows of `users`.

use rusqlite::Row;

use crate::db::{self, Reader, Tx, bad_column};
use crate::error::Result;
use crate::features::access::users::User;
use crate::ids::UserId;
use crate::web::caller::Role;

pub fn list(r: &Reader<'_>) -> Result<Vec<User>> {
    r.rows("select * from users order by created_at, rowid limit 1000", (), from_row)
}

pub fn find(r: &Reader<'_>, id: UserId) -> Result<Option<User>> {
    r.row("select * from users where id = ?1", [id], from_row)
}

/// By the lower-case name.
pub fn by_name(r: &Reader<'_>, name_key: &str) -> Result<Option<User>> {
    r.row("select * from users where name_key = ?1", [name_key], from_row)
}

pub fn insert(tx: &Tx<'_>, user: &User) -> Result<()> {
    let sql = "insert into users (id, name, name_key, password_hash, role, active, created_at)
               values (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let key = user.name.to_lowercase();
    let (role, at) = (role_name(user.role), user.created_at.as_millisecond());
    tx.execute(sql, (user.id, &user.name, key, &user.password_hash, role, user.active, at))?;
    Ok(())
}

/// Name, password, role and whether they may sign in.
pub fn update(tx: &Tx<'_>, user: &User) -> Result<()> {
    let sql =
        "update users set name = ?2, name_key = ?3, password_hash = ?4, role = ?5, active = ?6
               where id = ?1";
    let (key, role) = (user.name.to_lowercase(), role_name(user.role));
    tx.execute(sql, (user.id, &user.name, key, &user.password_hash, role, user.active))?;
    Ok(())
}

pub fn delete(tx: &Tx<'_>, id: UserId) -> Result<()> {
    tx.execute("delete from users where id = ?1", [id])?;
    Ok(())
}

pub fn admins(r: &Reader<'_>) -> Result<u64> {
    let sql = "select count(*) from users where role = 'admin' and active = 1";
    r.one(sql, (), |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Admin => "admin",
        Role::User => "user",
    }
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<User> {
    let role = match row.get_ref("role")?.as_str()? {
        "admin" => Role::Admin,
        "user" => Role::User,
        other => return Err(bad_column(format!("unknown role {other}"))),
    };
    Ok(User {
        id: row.get("id")?,
        name: row.get("name")?,
        password_hash: row.get("password_hash")?,
        role,
        active: row.get("active")?,
        created_at: db::at(row, "created_at")?,
    })
}
