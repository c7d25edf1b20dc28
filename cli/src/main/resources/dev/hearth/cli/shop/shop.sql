create table category (id int primary key, name text not null);
create table product (id int primary key, name text not null, category_id int not null references category, description text not null);
create table price (product_id int primary key references product, amount numeric(10, 2) not null);
create table stock (product_id int primary key references product, quantity int not null, shelf text not null);
create index on product (category_id);
-- Old values in the log, so that a product that moves takes the page of its old category with it.
alter table product replica identity full;
alter table price replica identity full;
alter table stock replica identity full;
alter table category replica identity full;
insert into category select i, 'category ' || i from generate_series(1, 200) i;
insert into product
  select i, 'product ' || i, 1 + i % 200, repeat('a fine thing of kind ' || i % 97 || '. ', 8)
    from generate_series(1, ${products}) i;
insert into price select id, 1 + (id * 37 % 9900) / 100.0 from product;
insert into stock select id, id * 13 % 500, 'shelf ' || id % 40 from product;
analyze;
