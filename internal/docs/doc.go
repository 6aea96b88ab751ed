// Package docs holds the tests of what the documentation says: that its links lead somewhere, that its examples decode, that its
// commands run and print what it shows. It has no code of the product.
package docs
