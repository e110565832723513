/// The version of engine, extension and package; model files name it.
package let version = "0.1.0"
